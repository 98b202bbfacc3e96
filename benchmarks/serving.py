"""A server under many clients: `python benchmarks/serving.py [--clients 500] [--rate 200] [--seconds 60] [--save]`.

`flow up` (PostgreSQL and Valkey of its own) or `flow server` (`--sqlite`), with one worker, on this machine. So many clients follow the
events of runs, as server-sent events; meanwhile runs are submitted at a fixed rate, each from a workflow of one task, and each is asked for
its status once. Times of submit and status are from the moment in which the request was due, so that one that waited for its turn counts
in full. Then Ctrl-C, with all streams open: how long until the process is gone. Memory is that of the server process alone;
processor times are those of each role, divided by the submissions.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import history

SOURCE = "flow 1\nworkflow hello(name: str = \"world\") -> str {\n  task greet -> str { python '''return \"hello \" + name''' }\n  return greet\n}\n"
WATCHED = "flow 1\nworkflow nap { wait rest { duration = 1h } }\n"
CONNECTIONS = 32
WARM = 3.0


class Address(NamedTuple):
    host: str
    port: int
    token: str


class Link:
    """One kept connection."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._address.host, self._address.port)
        reader, writer = self._streams
        data = b"" if body is None else json.dumps(body).encode()
        writer.write(head(self._address, method, path, f"Content-Length: {len(data)}") + data)
        status, headers = await answer(reader)
        content = await reader.readexactly(int(headers["content-length"]))
        return status, json.loads(content) if content else None


def head(address: Address, method: str, path: str, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address.host}", f"Authorization: Bearer {address.token}", *more]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


class Figures(NamedTuple):
    submits: list[float]
    statuses: list[float]
    errors: list[str]


class Load:
    def __init__(self, address: Address, clients: int, rate: float) -> None:
        self._address, self._clients, self._rate = address, clients, rate
        self.figures = Figures([], [], [])
        self.open = self.frames = 0
        self._links: asyncio.Queue[Link] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            self._links.put_nowait(Link(address))

    async def follow(self, run: str) -> None:
        """One client, until the server ends its stream."""
        reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
        writer.write(head(self._address, "GET", f"/api/v1/runs/{run}/events"))
        status, _ = await answer(reader)
        if status != 200:
            self.figures.errors.append(f"a stream was answered with {status}")
            return
        self.open += 1
        try:
            while line := await reader.readline():
                self.frames += line.startswith(b"event:")
        finally:
            self.open -= 1
            writer.close()

    async def submit(self, seconds: float) -> None:
        began, pending = time.perf_counter(), set[asyncio.Task[None]]()
        for number in range(round(seconds * self._rate)):
            due = began + number / self._rate
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            pending.add(asyncio.create_task(self._one(due, number)))
            pending = {task for task in pending if not task.done()}
        await asyncio.gather(*pending)

    async def _one(self, due: float, number: int) -> None:
        body = {"source": SOURCE, "params": {"name": str(number)}, "idempotency_key": f"{self._rate}:{number}:{due}"}
        link = await self._links.get()
        try:
            status, found = await link.call("POST", "/api/v1/runs", body)
            self.figures.submits.append(time.perf_counter() - due)
            if status != 201:
                self.figures.errors.append(f"a submission was answered with {status}: {found}")
                return
            asked = time.perf_counter()
            status, _ = await link.call("GET", f"/api/v1/runs/{found['run']}")
            self.figures.statuses.append(time.perf_counter() - asked)
            if status != 200:
                self.figures.errors.append(f"a status was answered with {status}")
        finally:
            self._links.put_nowait(link)


@contextlib.asynccontextmanager
async def server(folder: Path, command: list[str]) -> AsyncIterator[tuple[Address, subprocess.Popen[str]]]:
    environment = {**os.environ, "FLOW_HOME": str(folder / ".flow"), "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "flow_cli.main", *command, "--port", "0"],
        env=environment,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        while not (found := re.search(r"http://([\d.]+):(\d+)", line := process.stderr.readline())):
            if not line:
                raise RuntimeError(f"the server has ended with {process.wait()}")
        token = (folder / ".flow" / "token").read_text().strip()
        yield Address(found[1], int(found[2]), token), process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def memory(pid: int) -> float:
    """MiB, of this process alone."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


async def measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    async with server(folder, ["server"] if given.sqlite else ["up"]) as (address, process):
        load = Load(address, given.clients, given.rate)
        runs = [(await Link(address).call("POST", "/api/v1/runs", {"source": WATCHED}))[1]["run"] for _ in range(10)]
        clients = [asyncio.create_task(load.follow(runs[number % len(runs)])) for number in range(given.clients)]
        while load.open < given.clients and not load.figures.errors:
            await asyncio.sleep(0.05)
        await load.submit(WARM)
        load.figures.submits.clear()
        load.figures.statuses.clear()
        before, used = memory(process.pid), processor_times(process.pid)
        await load.submit(given.seconds)
        after, spent = memory(process.pid), processor_times(process.pid)
        held = load.open
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        code = await asyncio.to_thread(process.wait, 30)
        ended = time.perf_counter() - began
        await asyncio.gather(*clients, return_exceptions=True)
    figures = load.figures
    if not figures.statuses:
        raise SystemExit(f"nothing went well: {figures.errors[:3]}")
    return {
        "clients": held,
        "submits": len(figures.submits),
        "errors": len(figures.errors),
        "first errors": figures.errors[:3],
        "submit p50 ms": round(statistics.median(figures.submits) * 1000, 1),
        "submit p99 ms": round(percentile(figures.submits) * 1000, 1),
        "status p50 ms": round(statistics.median(figures.statuses) * 1000, 1),
        "status p99 ms": round(percentile(figures.statuses) * 1000, 1),
        "MiB before": round(before, 1),
        "MiB after": round(after, 1),
        **{f"{name} ms each": _each(used.get(name, 0.0), whole, figures) for name, whole in spent.items()},
        "exit": code,
        "Ctrl-C s": round(ended, 2),
    }


def _each(before: float, after: float, figures: Figures) -> float:
    """Milliseconds of processor time for each submission with all that follows from it."""
    return round((after - before) * 1000 / len(figures.submits), 2)


def processor_times(pid: int) -> dict[str, float]:
    """Seconds of processor time so far: of the server, of all that it has started by their names, and of this client."""
    found = {"server": _processor_time(pid), "client": sum(os.times()[:2])}
    pending = _children(pid)
    while pending:
        child = pending.pop()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            name = Path(f"/proc/{child}/comm").read_text().strip()
            role = name if name in ("postgres", "valkey-server") else "worker"
            found[role] = found.get(role, 0.0) + _processor_time(child)
            pending += _children(child)
    return found


def _processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--rate", type=float, default=200.0, help="submissions a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sqlite", action="store_true", help="`flow server` in place of `flow up`")
    parser.add_argument("--save", action="store_true", help="append the figures to history.jsonl")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flow-serving-") as folder:
        found = asyncio.run(measured(Path(folder), given))
    for name, value in found.items():
        print(f"{name:<22} {value}")
    if given.save:
        history.append([{"benchmark": "serving", **found}])
    if found["errors"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
