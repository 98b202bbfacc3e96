"""Storage in a folder that every host sees at this path: a mounted share, or one machine's disk."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from flow_runtime.storage.contract import FULL, Entry, Missing, StorageError

_PARTIAL = ".partial"
_numbers = count()


class FolderStorage:
    """`root` is made when something is first kept, for its owner alone, since results and logs may be read there."""

    def __init__(self, root: str) -> None:
        self.root = root

    @property
    def shown(self) -> str:
        return self.root

    def put(self, key: str, path: str, frozen: bool = False) -> None:
        with self._told(f"{key} cannot be kept"), self._appearing(key) as partial:
            if frozen and _linked(path, partial):
                return
            shutil.copyfile(path, partial)

    def put_bytes(self, key: str, data: bytes) -> None:
        with (
            self._told(f"{key} cannot be kept"),
            self._appearing(key) as partial,
            open(partial, "wb") as stream,
        ):
            stream.write(data)

    def fetch(self, key: str, path: str) -> None:
        with self._told(f"{key} cannot be fetched", writes_here=True):
            shutil.copyfile(self._path(key), path)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        with self._told(f"{key} cannot be read"), open(self._path(key), "rb") as stream:
            stream.seek(start)
            return stream.read(-1 if end is None else max(end - start, 0))

    def exists(self, key: str) -> bool:
        return os.path.isfile(self._path(key))

    def entries(self, folder: str) -> Iterator[Entry]:
        top = self._path(folder)
        for where, _, names in os.walk(top):
            for name in names:
                path = os.path.join(where, name)
                with suppress(FileNotFoundError):  # removed meanwhile
                    size = os.stat(path).st_size
                    yield Entry(os.path.relpath(path, self.root).replace(os.sep, "/"), size)

    def remove(self, key: str) -> None:
        path = self._path(key)
        with self._told(f"{key} cannot be removed"):
            with suppress(FileNotFoundError):
                os.unlink(path)
            with suppress(OSError):  # others are in it
                os.rmdir(os.path.dirname(path))

    def _path(self, key: str) -> str:
        return os.path.join(self.root, *key.split("/"))

    @contextmanager
    def _appearing(self, key: str) -> Iterator[str]:
        """A path for what is to be the object: it is renamed once it is whole."""
        if not os.path.isdir(self.root):
            os.makedirs(self.root, mode=0o700, exist_ok=True)
        target, folder = self._path(key), os.path.join(self.root, _PARTIAL)
        os.makedirs(folder, exist_ok=True)
        partial = os.path.join(folder, f"{os.uname().nodename}-{os.getpid()}-{next(_numbers)}")
        with suppress(FileNotFoundError):
            os.unlink(partial)  # of a process that was killed and had this number
        try:
            yield partial
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _rename(partial, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial)

    @contextmanager
    def _told(self, what: str, writes_here: bool = False) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if error.filename is not None and not str(error.filename).startswith(self.root + os.sep):
                raise
            raise Missing(f"{what}: {self.root} has no such file") from error
        except OSError as error:
            if writes_here and error.errno in FULL:
                raise
            raise StorageError(
                f"{what} in {self.root}: {error.strerror or error}; "
                "FLOW_STORAGE must be a folder that every host has mounted, can write, and that has room"
            ) from error


def _linked(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False  # another file system, or one without links
    return True


def _rename(partial: str, target: str) -> None:
    """A folder that became empty may be removed by another host between making it and moving the file there."""
    try:
        os.rename(partial, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(partial, target)
