"""The flow command as a subprocess, with a state of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flow_engine.stores.contract import RunFilter
from flow_engine.stores.sqlite import SqliteStore

from support.forker import Forker

_forker = cache(Forker)
COMMAND = [sys.executable, "-m", "flow_cli.main"]


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as exactly one JSON document."""
        return json.loads(self.out)


class Project:
    """A folder with flow files and a state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / ".flow"
        self.before: list[str] = []
        """What starts the command: that of a namespace, say."""
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def flow(self, *arguments: str, cwd: Path | None = None, stdin: str | None = None) -> Ended:
        environment, folder = self.environment(), cwd or self.folder
        if not self.before and _forker().can(arguments, environment):
            return Ended(*_forker().run(arguments, folder, environment, stdin, 100))
        done = subprocess.run(
            [*self.before, *COMMAND, *arguments],
            cwd=folder,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.before, *COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A service of the command, which is killed at the end of the block if it has not ended."""
        process = self.start(*arguments)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def environment(self) -> dict[str, str]:
        return {**os.environ, "FLOW_HOME": str(self.home), "NO_COLOR": "1", "FLOW_TEST_MARK": str(self.folder)}

    def store(self) -> SqliteStore:
        """The state, for reading without the cost of a command."""
        return SqliteStore(str(self.home / "flow.db"))

    def runs(self) -> list[str]:
        """The ids of all runs, newest first."""
        if not (self.home / "flow.db").exists():
            return []
        with closing(self.store()) as store:
            return [record.id for record in store.runs(RunFilter())]

    def processes(self) -> list[str]:
        """Living processes that this project started, by their environment: `pid command`."""
        return living_processes(f"FLOW_TEST_MARK={self.folder}")

    def commands(self) -> list[str]:
        """The same with their whole command lines: `pid argument...`."""
        return [f"{pid} {_command_line(pid)}" for pid in (line.split()[0] for line in self.processes())]


def living_processes(mark: str) -> list[str]:
    """Those that have this in their environment: `pid command`."""
    return [f"{pid} {name}" for pid, name, environment in _processes() if mark.encode() in environment]


def _command_line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _processes() -> Iterator[tuple[str, str, list[bytes]]]:
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
            name = Path(f"/proc/{entry}/comm").read_text().strip()
            state = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            yield entry, name, environment
