"""Where a Python body's output goes: a log file that is made at the first write, so that silent bodies cost nothing."""

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from flow_runtime.descriptors import aside
from flow_runtime.executors.bounded_log import log_limit, pieces, settle, trim, without_edges
from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.full_disk import disk_full, is_full
from flow_runtime.executors.usage import output_exceeded

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from flow_runtime.executors.masking import Mask, MaskedStream


class BodyOutput(io.TextIOBase):
    """Stands in for sys.stdout and sys.stderr during the life of a slot. Descriptors 1 and 2 point at a spill file, for what
    subprocesses and C libraries write; once the body itself has written they point at the log, so that the order is kept.

    Where secrets are masked they stay with the spill file, which goes to the log through the mask whenever the body itself writes, and
    at its end: no thread has to stand between a C library and the log.
    """

    def __init__(self, spill: str) -> None:
        self._path = ""
        self._log: int | None = None
        self._masked: MaskedStream | None = None
        self._limit: int | None = None
        self._written = self._untrimmed = 0
        self._spill = aside(os.open(spill, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600))
        os.unlink(spill)
        self._point_at(self._spill)

    def install(self) -> None:
        sys.stdout = sys.stderr = self

    def begin(self, path: str, mask: "Mask | None" = None, limit: int | None = None) -> None:
        """`limit`: bytes that the body may write."""
        self._path, self._limit, self._written = path, limit, 0
        self._masked = mask.stream() if mask else None

    def end(self) -> str | None:
        """The path of the log, or None where the body wrote nothing."""
        if self._log is None and os.lseek(self._spill, 0, os.SEEK_END):
            self._open()
        log = self._log
        if log is None:
            return None
        try:
            if self._masked:
                self._move_spill(log)
                _write_all(log, self._masked.close())
            size = os.fstat(log).st_size
            self._written = max(self._written, size)
        finally:  # also where the disk is full: the next body has a log of its own
            self._log = None
            self._point_at(self._spill)
            with suppress(OSError):  # the body has closed it
                os.close(log)
        if size > log_limit():
            settle(self._path)
        return self._path

    def check(self) -> None:
        """Raises BodyFailed(output) where the body has written more than it may."""
        if self._limit is not None and self._written > self._limit:
            over = output_exceeded(self._limit)
            raise BodyFailed(over.code, over.message)

    def write(self, text: str) -> int:
        if text:
            self.write_bytes(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def _log_data(self, data: bytes) -> None:
        log = self._open()
        if self._masked:
            self._move_spill(log)
        self._put(log, data)
        self._trim(log, len(data))

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Not for a body to do: the next one prints to it too."""

    def reconfigure(self, **_: object) -> None:
        """It is UTF-8 and never waits, whatever is asked for."""

    @property
    def buffer(self) -> "BodyBytes":
        return BodyBytes(self)

    def write_bytes(self, data: bytes) -> None:
        self._written += len(data)
        self.check()
        try:
            self._log_data(data)
        except OSError as error:
            if is_full(error):
                raise disk_full(os.path.dirname(os.path.dirname(os.path.dirname(self._path)))) from error
            raise

    def fileno(self) -> int:
        return 1

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def _open(self) -> int:
        if self._log is None:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._log = aside(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
            self._move_spill(self._log)
            if not self._masked:
                self._point_at(self._log)
        return self._log

    def _put(self, log: int, data: bytes) -> None:
        _write_all(log, self._masked.feed(data) if self._masked else data)

    def _trim(self, log: int, written: int) -> None:
        """What the spill file had, which is bounded as well, is not trimmed before the body writes more: it may tell of a hole."""
        self._untrimmed += written
        if self._untrimmed > log_limit() // 4:
            self._untrimmed = 0
            trim(log)

    def _move_spill(self, log: int) -> None:
        size = os.fstat(self._spill).st_size
        blocks = pieces(self._spill)
        for block in without_edges(blocks, self._masked.longest) if self._masked else blocks:
            self._put(log, block)
        if size:
            self._written += size if self._masked else 0
            os.ftruncate(self._spill, 0)

    def _point_at(self, descriptor: int) -> None:
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)


class BodyBytes(io.BufferedIOBase):
    """`sys.stdout.buffer` of a body: bytes that go to the same log as they are."""

    def __init__(self, output: BodyOutput) -> None:
        self._output = output

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._output.fileno()

    def write(self, data: "ReadableBuffer") -> int:
        found = bytes(data)
        if found:
            self._output.write_bytes(found)
        return len(found)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
