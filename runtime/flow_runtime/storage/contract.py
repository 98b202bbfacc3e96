"""What keeps objects for several hosts: a folder that all of them see, or an object store.

A key is a relative path with `/` between its parts, none of them empty or a dot. An object appears whole or not at all, and is
replaced as a whole.
"""

import errno
from collections.abc import Iterator
from typing import Protocol

from flow_engine.errors import StorageError
from flow_lang.named import NamedTuple

__all__ = ["FULL", "Entry", "Missing", "Storage", "StorageError"]


class Missing(StorageError):
    """There is no such object."""


class Entry(NamedTuple):
    """`size` in bytes."""

    key: str
    size: int


FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says where a disk, or the user's part of it, is full."""


class Storage(Protocol):
    """All of it may block, may be called by several threads, and raises StorageError."""

    @property
    def shown(self) -> str:
        """Its address for people, without credentials."""
        ...

    def put(self, key: str, path: str, frozen: bool = False) -> None:
        """Keeps the content of a file. `frozen`: nobody writes to it any more, so that it may become a second name of the same file."""
        ...

    def put_bytes(self, key: str, data: bytes) -> None: ...

    def fetch(self, key: str, path: str) -> None:
        """Writes the object to a new file of the caller's own. Raises Missing, and OSError where this host's disk is full."""
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes `start` to `end` of the object, less where it ends before. Raises Missing."""
        ...

    def exists(self, key: str) -> bool: ...

    def entries(self, folder: str) -> Iterator[Entry]:
        """All objects below a folder of keys (`logs/RUN`), in no order; none where there is no such folder."""
        ...

    def remove(self, key: str) -> None:
        """Nothing where there is none."""
        ...
