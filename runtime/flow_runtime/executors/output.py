"""Where a Python body's output goes: a log file that is made at the first write, so that silent bodies cost nothing."""

import io
import os
import sys


class BodyOutput(io.TextIOBase):
    """Stands in for sys.stdout and sys.stderr during the life of a slot. Descriptors 1 and 2 point at a spill file, for what
    subprocesses and C libraries write; once the body itself has written they point at the log, so that the order is kept."""

    def __init__(self, spill: str) -> None:
        self._path = ""
        self._log: int | None = None
        self._spill = os.open(spill, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.unlink(spill)
        self._point_at(self._spill)

    def install(self) -> None:
        sys.stdout = sys.stderr = self

    def begin(self, path: str) -> None:
        self._path = path

    def end(self) -> str | None:
        """The path of the log, or None where the body wrote nothing."""
        if self._log is None and os.fstat(self._spill).st_size:
            self._open()
        if self._log is None:
            return None
        os.close(self._log)
        self._log = None
        self._point_at(self._spill)
        return self._path

    def write(self, text: str) -> int:
        if text:
            os.write(self._open(), text.encode("utf-8", "backslashreplace"))
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def _open(self) -> int:
        if self._log is None:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._log = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._move_spill(self._log)
            self._point_at(self._log)
        return self._log

    def _move_spill(self, log: int) -> None:
        size = os.fstat(self._spill).st_size
        at = 0
        while at < size:
            block = os.pread(self._spill, 1 << 20, at)
            os.write(log, block)
            at += len(block)
        if size:
            os.ftruncate(self._spill, 0)

    def _point_at(self, descriptor: int) -> None:
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
