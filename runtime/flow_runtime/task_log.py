"""The log of one task, attempt after attempt, from a place on: whoever has lost the connection goes on where it ended."""

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from flow_lang.named import NamedTuple

from flow_runtime.executors.bounded_log import mark, pieces
from flow_runtime.executors.work import captured_path, log_name
from flow_runtime.log_files import LogFiles
from flow_runtime.log_reader import moved

CHUNK = 1 << 18
"""Bytes that one piece has at most."""
_PLACE = re.compile(r"(\d{1,7})\.(\d{1,15})\.(\d{1,15})")


class Place(NamedTuple):
    """How far a reader is: in which attempt, and at which byte of what its standard output was captured to and of its log."""

    attempt: int = 1
    captured: int = 0
    log: int = 0

    def __str__(self) -> str:
        return f"{self.attempt}.{self.captured}.{self.log}"


def place_of(text: str) -> Place | None:
    """Of what `str` gives."""
    found = _PLACE.fullmatch(text) if text.isascii() else None
    return None if found is None else Place(*map(int, found.groups()))


class TaskLog:
    """Of the row `seq` of a run. `place` is where it stands after each piece that `new` gives. A character that is not whole yet waits."""

    def __init__(self, logs: LogFiles, run: str, seq: int, place: Place) -> None:
        self._logs, self._run, self._seq = logs, run, seq
        self.place = place
        self._inodes: dict[str, int] = {}

    def new(self, attempts: int, over: bool) -> Iterator[str]:
        """What has come since, of so many attempts; `over`: the last of them has ended. To be taken to its end. Raises StorageError."""
        while self.place.attempt <= attempts:
            last = self.place.attempt == attempts
            yield from self._attempt(over or not last)
            if last:
                return
            self.place = Place(self.place.attempt + 1)

    def _attempt(self, over: bool) -> Iterator[str]:
        """The standard output that will be a result goes to the end of the log once the body has ended."""
        path = self._logs.path(self._run, log_name(self._seq, self.place.attempt))
        captured = captured_path(path)
        yield from self._file(captured, "captured", over)
        if self.place.captured and not os.path.exists(captured):
            self.place = self.place._replace(captured=0, log=self.place.log + self.place.captured)
        yield from self._file(path, "log", over)

    def _file(self, path: str, part: str, over: bool) -> Iterator[str]:
        try:
            stream = open(path, "rb")  # noqa: SIM115  closed below
        except FileNotFoundError:
            return
        with stream:
            left_out = self._settle(stream, path, part)
            if left_out:
                yield mark(left_out).decode()
            yield from self._texts(stream.fileno(), part, over)

    def _settle(self, stream: BinaryIO, path: str, part: str) -> int:
        """A file that was written anew has its places elsewhere; how much of what is new in it was left out."""
        start, inode, left_out = getattr(self.place, part), os.fstat(stream.fileno()).st_ino, 0
        if start and self._inodes.get(path) != inode:
            start, left_out = moved(stream.fileno(), start)
            self.place = self.place._replace(**{part: start})
        self._inodes[path] = inode
        return left_out

    def _texts(self, descriptor: int, part: str, over: bool) -> Iterator[str]:
        size, start = os.fstat(descriptor).st_size, getattr(self.place, part)
        while start < size:
            end = min(start + CHUNK, size)
            data = b"".join(pieces(descriptor, start, end))
            open_ = _unfinished(data) if not over or end < size else 0
            start = end - open_
            if open_ == len(data):
                return  # the rest of the character is not there yet
            self.place = self.place._replace(**{part: start})
            yield data[: len(data) - open_].decode("utf-8", "replace")


def _unfinished(data: bytes) -> int:
    """Bytes at the end that begin a character of UTF-8 and do not end it."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            wanted = 1 if byte >= 0xF5 else 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return back if back < wanted else 0
    return 0
