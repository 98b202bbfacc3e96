"""What a command takes at most while it runs."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.command import Project

PERIOD = 0.02
"""Seconds between two looks."""


class Peak:
    """The most room that the logs took on the disk, and the most memory that a process of the project held, in bytes."""

    logs = 0
    memory = 0


@contextmanager
def watching(project: Project) -> Iterator[Peak]:
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            found = [path for folder in ("logs", "scratch") for path in (project.home / folder).rglob("*")]
            sizes = [_room(path) for path in found]
            peak.logs = max(peak.logs, sum(sizes))
            for line in project.processes():
                peak.memory = max(peak.memory, _resident(line.split()[0]))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _room(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except FileNotFoundError:
        return 0


def _resident(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0
