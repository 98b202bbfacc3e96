"""Commands that only read or write the state, in forks of a process that has imported them already: most of their time is the import.

What runs bodies, serves, or is looked for among the living processes by its environment is started as a person starts it (`command.py`).
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, NamedTuple

_READ = ("check", "diff", "explain", "fmt", "graph", "list", "logs", "status", "why")
_WRITE = ("approve", "cancel", "deploy", "dlq", "notify", "pool", "schedule", "signal", "submit")
QUICK = frozenset(_READ + _WRITE)
"""Commands that start no engine."""
SLOW = frozenset({"replay", "backfill"})
"""Of `flow dlq` and `flow schedule`, what may."""
_SHARED = ("PYTHON", "LC_", "LANG", "FLOW_CRASH", "PATH", "LD_")
"""Variables that an interpreter looks at when it starts, by how they begin."""


class Request(NamedTuple):
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    stdin: str
    out: str
    err: str


class Forker:
    """One for a test process."""

    def __init__(self) -> None:
        self._environment = _shared(dict(os.environ))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )

    def can(self, arguments: tuple[str, ...], environment: dict[str, str]) -> bool:
        plain = bool(arguments) and arguments[0] in QUICK and SLOW.isdisjoint(arguments)
        return plain and "-f" not in arguments and _shared(environment) == self._environment

    def run(
        self, arguments: tuple[str, ...], folder: Path, environment: dict[str, str], stdin: str | None, timeout: float
    ) -> tuple[int, str, str]:
        """Exit code, standard output and error. Raises subprocess.TimeoutExpired."""
        with tempfile.TemporaryDirectory(prefix="flow-command-") as held:
            given, out, err = (Path(held) / name for name in ("stdin", "stdout", "stderr"))
            given.write_text(stdin or "")
            sent = Request(list(arguments), str(folder), environment, str(given), str(out), str(err))
            answers, source = self._process.stdin, self._process.stdout
            assert answers is not None
            assert source is not None
            answers.write(json.dumps(sent) + "\n")
            answers.flush()
            pid = int(source.readline())
            alarm = threading.Timer(timeout, os.kill, (pid, 9))
            alarm.start()
            code = int(source.readline())
            alarm.cancel()
            if code == -9:
                raise subprocess.TimeoutExpired(arguments, timeout)
            return code, _text(out), _text(err)


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", newline=None) as stream:
        return stream.read()


def _shared(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_SHARED)}


def _serve() -> None:
    """One request a line; answers with the process id and with the exit code."""
    import flow_runtime.embedded  # noqa: F401

    for line in sys.stdin:
        request = Request(*json.loads(line))
        pid = os.fork()
        if pid == 0:
            _become(request)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _become(request: Request) -> None:
    """The command itself, as it were in a process of its own."""
    code = 1
    try:
        os.setsid()
        os.environ.clear()
        os.environ.update(request.environment)
        os.chdir(request.folder)
        for number, path, flags in (
            (0, request.stdin, os.O_RDONLY),
            (1, request.out, os.O_WRONLY | os.O_CREAT),
            (2, request.err, os.O_WRONLY | os.O_CREAT),
        ):
            descriptor = os.open(path, flags, 0o600)
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin, sys.stdout, sys.stderr = (_stream(number) for number in range(3))
        sys.argv = ["flow", *request.arguments]
        code = _ran()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ran() -> int:
    import traceback

    from flow_cli.main import main

    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  as an interpreter tells it
        traceback.print_exc()
        return 1
    return 0


def _stream(number: int) -> IO[str]:
    return os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", errors="surrogateescape", closefd=False)


if __name__ == "__main__":
    _serve()
