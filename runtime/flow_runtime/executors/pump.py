"""Carries a shell body's output to its files where it must be looked at on its way: masked, and counted against a limit. Other bodies
write to the files themselves."""

import os
from contextlib import suppress

from flow_runtime.executors.masking import Mask, MaskedStream

_BLOCK = 1 << 16
_PIPE = 1 << 20
"""Bytes: the most that a pipe holds."""


class _Pipe:
    """One stream of the body."""

    def __init__(self, path: str, mask: Mask | None) -> None:
        self.read_end, self.write_end = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.read_end, False)
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.masked = MaskedStream(mask) if mask else None

    def write(self, data: bytes) -> None:
        _write_all(self.file, self.masked.feed(data) if self.masked else data)

    def close(self) -> None:
        if self.masked:
            _write_all(self.file, self.masked.close())
        for descriptor in (self.read_end, self.write_end, self.file):
            with suppress(OSError):  # the write end is closed once the body has it
                os.close(descriptor)


class Pump:
    """Standard error goes to `log`, and standard output to `captured`, or to the log as well where that is "". `limit`: bytes of both."""

    def __init__(self, log: str, captured: str, mask: Mask | None, limit: int | None) -> None:
        self._errors = _Pipe(log, mask)
        self._pipes = {self._errors.read_end: self._errors}
        self._output = self._errors
        if captured:
            self._output = _Pipe(captured, mask)
            self._pipes[self._output.read_end] = self._output
        self._limit = limit
        self._written = 0

    @property
    def exceeded(self) -> bool:
        return self._limit is not None and self._written > self._limit

    @property
    def read_ends(self) -> list[int]:
        return list(self._pipes)

    @property
    def write_ends(self) -> tuple[int, int]:
        """(standard output, standard error)"""
        return self._output.write_end, self._errors.write_end

    def handed_over(self) -> None:
        """The body has the write ends."""
        for pipe in self._pipes.values():
            os.close(pipe.write_end)
            pipe.write_end = -1

    def carry(self, read_end: int) -> bool:
        """What has come; False where nothing more can. Beyond the limit it is dropped."""
        pipe = self._pipes[read_end]
        try:
            data = os.read(read_end, _BLOCK)
        except BlockingIOError:
            return True
        room = len(data) if self._limit is None else max(self._limit - self._written, 0)
        self._written += len(data)
        pipe.write(data[:room])
        return bool(data)

    def close(self) -> None:
        """Takes what is left in the pipes, and no more than that: what still writes (it has left the body's group) gets SIGPIPE."""
        for read_end, pipe in self._pipes.items():
            left = _PIPE
            with suppress(BlockingIOError):
                while left > 0 and not self.exceeded and (data := os.read(read_end, min(_BLOCK, left))):
                    left -= len(data)
                    self._written += len(data)
                    pipe.write(data)
            pipe.close()


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
