"""What a keystroke in a large file costs: `python benchmarks/keystrokes.py [--lines 1000] [--pairs 100] [--seed 1]`.

Each of the pairs is something typed at a random place and taken out again: in a shell body, in an expression, in the name of a task, a line more, a
comment, a quote or a brace that breaks the file. Measured are, for each keystroke,

- in process: the seconds of CPU time of a check of the new version, beside those of a check from scratch;
- the server: the seconds from `didChange` sent to `publishDiagnostics` received, by the real `flow lsp` over its standard input and output, and
  its CPU time.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from flow_lang.compile import Session, check_source
from flow_lang.source import Source
from language import NoFiles, report

KINDS = {
    "body": ("load --day", 6, "x"),
    "expression": ("sum(before)", 8, "x"),
    "name": ("task t", 6, "1"),
    "line": ("    timeout = 10m\n", 18, "    priority = 7\n"),
    "comment": ("# writes it", 11, "s"),
    "quote": ("retry(3,", 6, '"'),
    "brace": ("  ## Part", 0, "}"),
}
"""What stands there, how far into it something is typed, and what."""


class Edit(NamedTuple):
    """`length` characters from an offset on become `new`; `text` is the file afterwards."""

    start: int
    length: int
    new: str
    before: str
    text: str


class Spread(NamedTuple):
    """Milliseconds."""

    median: float
    p95: float
    most: float

    def __str__(self) -> str:
        return f"median {self.median:6.1f}  p95 {self.p95:6.1f}  max {self.most:6.1f} ms"


class Figures(NamedTuple):
    """`cpu`: CPU seconds of the server for a keystroke, None where the system does not say."""

    lines: int
    keystrokes: int
    in_process: Spread
    scratch: Spread
    server: Spread
    cpu: float | None


def spread(seconds: list[float]) -> Spread:
    ordered = sorted(seconds)
    at = min(len(ordered) - 1, round(len(ordered) * 0.95))
    return Spread(*(1000 * value for value in (statistics.median(ordered), ordered[at], ordered[-1])))


def edits(text: str, pairs: int, seed: int) -> list[Edit]:
    dice = random.Random(seed)
    made: list[Edit] = []
    for at in range(pairs):
        words, within, new = KINDS[list(KINDS)[at % len(KINDS)]]
        places = [place for place in range(len(text)) if text.startswith(words, place)]
        start = dice.choice(places) + within
        typed = text[:start] + new + text[start:]
        made += [Edit(start, 0, new, text, typed), Edit(start, len(new), "", typed, text)]
    return made


def in_process(text: str, keys: list[Edit]) -> list[float]:
    session = Session()
    session.check(Source("benchmark.flow", text), NoFiles())
    return [_timed(lambda edit=edit: session.check(Source("benchmark.flow", edit.text), NoFiles())) for edit in keys]


def from_scratch(keys: list[Edit]) -> list[float]:
    return [_timed(lambda edit=edit: check_source(Source("benchmark.flow", edit.text), NoFiles())) for edit in keys]


def _timed(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


class Server:
    """`flow lsp`, as an editor starts it."""

    URI = "file:///nowhere/benchmark.flow"

    def __init__(self, text: str) -> None:
        command = [sys.executable, "-m", "flow_cli.main", "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._send({"id": 1, "method": "initialize", "params": {"capabilities": {}}})
        while self._receive().get("id") != 1:
            pass
        self._tell("initialized", {})
        document = {"uri": self.URI, "languageId": "flow", "version": 0, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        self._published(0)

    def keystroke(self, edit: Edit, version: int) -> float:
        """Seconds until it is known what is wrong."""
        start, end = (_position(edit.before, at) for at in (edit.start, edit.start + edit.length))
        change = {"range": {"start": start, "end": end}, "text": edit.new}
        document = {"uri": self.URI, "version": version}
        began = time.perf_counter()
        self._tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self._published(version)
        return time.perf_counter() - began

    def cpu(self) -> float | None:
        """Seconds of CPU time so far."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self._send({"id": 2, "method": "shutdown"})
        while self._receive().get("id") != 2:
            pass
        self._tell("exit", None)
        self.process.wait(30)

    def _published(self, version: int) -> None:
        while True:
            message = self._receive()
            params = message.get("params", {})
            if message.get("method") == "textDocument/publishDiagnostics" and params.get("version") == version:
                return

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = int(stream.readline().removeprefix(b"Content-Length:"))
        while stream.readline().strip():
            pass
        message: dict[str, Any] = json.loads(stream.read(length))
        return message


def _position(text: str, offset: int) -> dict[str, int]:
    """The file is ASCII, so that a character is a unit."""
    return {"line": text.count("\n", 0, offset), "character": offset - text.rfind("\n", 0, offset) - 1}


def measured(lines: int, pairs: int, seed: int) -> Figures:
    text = report(lines)
    keys = edits(text, pairs, seed)
    inside, scratch = in_process(text, keys), from_scratch(keys)
    server = Server(text)
    before = server.cpu()
    waited = [server.keystroke(edit, version) for version, edit in enumerate(keys, 1)]
    after = server.cpu()
    server.end()
    cpu = (after - before) / len(keys) if before is not None and after is not None else None
    return Figures(text.count("\n"), len(keys), spread(inside), spread(scratch), spread(waited), cpu)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=100, help="of something typed and taken out again (100)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    show(measured(options.lines, options.pairs, options.seed))
    return 0


def show(found: Figures) -> None:
    print(f"K1   {found.keystrokes} keystrokes in {found.lines:,} lines, by flow lsp:     {found.server}")
    if found.cpu is not None:
        print(f"     CPU time of flow lsp for a keystroke:         mean {1000 * found.cpu:6.1f} ms")
    print(f"K2   the same in process, CPU time:            {found.in_process}")
    print(f"     and each checked from scratch, CPU time:  {found.scratch}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
