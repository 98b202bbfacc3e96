"""Which database files this process has open, so that reading one does not take its locks away.

The kernel drops all locks that a process has on a file when it closes any descriptor of that file. SQLite knows that of its own
descriptors; without its locks the next process that closes the state takes itself for the last, and removes the log beneath this one.
"""

import os
import sqlite3
from _thread import RLock

File = tuple[int, int]
"""Device and number."""

opening = RLock()
"""Held by whoever opens a database, from its first look at the file on, and by whoever closes one."""
_users: dict[File, int] = {}
_kept: dict[File, int] = {}
"""Descriptors to read by; each is closed with the last handle of its file."""


class Handle(sqlite3.Connection):
    """A connection that is counted."""

    file: File | None = None

    def opened(self, path: str) -> None:
        """The connection uses the file."""
        self.file = number(path)
        if self.file is not None:
            _users[self.file] = _users.get(self.file, 0) + 1

    def close(self) -> None:
        with opening:
            super().close()
            file, self.file = self.file, None
            if file is None:
                return
            _users[file] -= 1
            if not _users[file]:
                del _users[file]
                if file in _kept:
                    os.close(_kept.pop(file))


def beginning(path: str, size: int) -> bytes:
    """The first bytes of a file that this process may have open."""
    with opening:
        file = number(path)
        if file in _kept:
            return os.pread(_kept[file], size, 0)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, size, 0)
        finally:
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) in _users:
                _kept[status.st_dev, status.st_ino] = descriptor
            else:
                os.close(descriptor)


def number(path: str) -> File | None:
    """Which file this is, whatever is in it; None where there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
