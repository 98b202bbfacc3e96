"""Reading logs that grow, also over the moment in which a large one is written anew without its middle."""

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from flow_runtime.executors.bounded_log import MARK, mark, pieces

_ANOTHER = -1
"""No file's number."""


class _Seen(NamedTuple):
    """How much of a file was read, and which file that was."""

    offset: int
    inode: int


class LogReader:
    """Each call gives what has come since the one before; what it gives is to be taken to its end."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._seen

    def move(self, source: str, target: str) -> None:
        """What was read of `source` stands at the end of `target` now."""
        offset = self._seen.pop(source).offset
        before = self._seen.get(target)
        self._seen[target] = _Seen(offset + (before.offset if before else 0), _ANOTHER)

    def read(self, path: str) -> Iterator[bytes]:
        """Empty where there is no file."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            before = self._seen.get(path, _Seen(0, _ANOTHER))
            status = os.fstat(descriptor)
            start = before.offset
            if start and before.inode != status.st_ino:
                start, missed = moved(descriptor, start)
                if missed:
                    yield mark(missed)
            self._seen[path] = _Seen(max(status.st_size, start), status.st_ino)
            yield from pieces(descriptor, start, status.st_size)
        finally:
            os.close(descriptor)


def moved(descriptor: int, offset: int) -> tuple[int, int]:
    """Where the place `offset` of a file is once its middle was left out, and how many bytes from there on were."""
    size = os.fstat(descriptor).st_size
    found = re.search(MARK, os.pread(descriptor, size, 0))
    if found is None or offset <= found.start():
        return min(offset, size), 0
    tail = found.start() + int(found[1])
    if offset < tail:
        return found.end(), tail - offset
    return min(found.end() + offset - tail, size), 0
