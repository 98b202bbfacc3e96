"""Damage that SQLite would pass over, or make worse by writing: looked for before the file is opened, and while it is in use.

SQLite reads a log that is no log as an empty one and begins it anew, and gives an empty file a new database beside a log that still has
what was accepted. What is torn inside of a log by a crash is no damage: SQLite mends that. A bit that was changed in a text is not found.
"""

import os
import sqlite3
import struct
from contextlib import suppress

from flow_engine.errors import StoreError
from flow_engine.stores.sqlite.handles import beginning

LOG = "-wal"
_DATABASE = b"SQLite format 3\0"
_LOGS = (0x377F0682, 0x377F0683)
"""The first number of a log, for each order of bytes in its checksums (sqlite.org/fileformat2.html, 4.1)."""
_HEADER = 100
_LOOKS = 100
"""How often files that others change are looked at again."""


def refuse_damaged(path: str) -> None:
    """Raises StoreError where the state at `path` is damaged; nothing is written. While others work with it the file and its log change
    between two looks (the last to close it removes the log), so that only what was still the whole time is judged."""
    for look in range(_LOOKS):
        before = _identity(path), _identity(path + LOG)
        try:
            _judge(path)
        except (StoreError, FileNotFoundError):
            if look == _LOOKS - 1 or before == (_identity(path), _identity(path + LOG)):
                raise
        else:
            return


def _judge(path: str) -> None:
    logged = _size(path + LOG)
    if not _size(path):
        if logged:
            what = "is empty" if os.path.exists(path) else "is missing"
            raise damaged(path, f"{what}, and {path}{LOG} holds what was written last")
        return
    header = beginning(path, _HEADER)
    if header[:16] != _DATABASE or len(header) < _HEADER:
        raise damaged(path, "is damaged, or of another program: it does not begin as a database does")
    if logged:
        _refuse_log(path)
    elif _is_cut(path, header):
        raise damaged(path, "is damaged: its end is missing")


def _is_cut(path: str, header: bytes) -> bool:
    """Whether the file is shorter than its header says, where that counts (the version that it is valid for is the last)."""
    page: int
    changed: int
    pages: int
    page, changed, pages = struct.unpack(">16xH6xII", header[:32])
    (valid_for,) = struct.unpack(">I", header[92:96])
    return bool(changed == valid_for and _size(path) < pages * (65536 if page == 1 else page))


def _refuse_log(path: str) -> None:
    with open(path + LOG, "rb") as stream:
        first = stream.read(4)
    if first != b"\0\0\0\0" and (len(first) < 4 or struct.unpack(">I", first)[0] not in _LOGS):
        raise damaged(path + LOG, "is damaged: it does not begin as the log of a database does")


def damaged(file: str, what: str) -> StoreError:
    folder = os.path.dirname(file)
    return StoreError(
        f"{file} {what}; nothing was changed. Put a backup of {folder} in its place, or set FLOW_HOME to another folder"
    )


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


class Presence:
    """Whether the files that a process has opened are still those that their names lead to. Two processes with one name and two logs
    would damage the database, so that whoever finds it out stops."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection
        self._files = (path, path + LOG) if os.path.isabs(path) else ()
        self._known: dict[str, tuple[int, int]] = {}
        self.check()

    def check(self) -> None:
        """Raises StoreError where one was removed or replaced. What only a removed log holds is written to the database first."""
        for file in self._files:
            found = _number(file)
            if file in self._known and found != self._known[file]:
                self._gone(file, found is None)
            if found is not None:
                self._known[file] = found

    def _gone(self, file: str, removed: bool) -> None:
        how = "removed" if removed else "replaced"
        kept = ""
        if removed and file != self._path and _number(self._path) == self._known.get(self._path):
            with suppress(sqlite3.Error):  # then it is as lost as it was
                self._connection.execute("PRAGMA wal_checkpoint(FULL)")
                kept = "; what it held is in the database now"
        raise StoreError(
            f"{file} was {how} while Flow worked with it{kept}. End all flow processes of {os.path.dirname(file)} before its files are touched"
        )


def _number(file: str) -> tuple[int, int] | None:
    """Which file this is, whatever is in it."""
    found = _identity(file)
    return None if found is None else found[:2]


def _identity(file: str) -> tuple[int, int, int, int] | None:
    """Device, number, size and time of change; None where there is no file."""
    try:
        status = os.stat(file)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
