"""Storage behind any URL that fsspec knows: S3, GCS, Azure, SFTP and so on."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from flow_engine.errors import MissingLibrary

from flow_runtime.storage.contract import FULL, Entry, Missing, StorageError

_WHOLE = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "memory")
"""Protocols whose stores show an object only once it is whole; elsewhere it is written beside and renamed."""
_EXTRAS = {"s3": ("s3fs", "s3"), "s3a": ("s3fs", "s3"), "gs": ("gcsfs", "gcs"), "gcs": ("gcsfs", "gcs")}
_SECRET = re.compile(r"(?i)(key|token|secret|password|credential)")
_numbers = count()


class UrlStorage:
    """`url` as in `s3://bucket/prefix`. What a driver needs besides (region, endpoint, credentials) it finds as it always does: in its
    variables and files, and in FSSPEC_*."""

    def __init__(self, url: str) -> None:
        self._protocol = url.partition("://")[0]
        self._secrets = _secrets_of(url, os.environ)
        self.shown = self._masked(url.rstrip("/"))
        self._files, self._root = self._opened(url)

    def put(self, key: str, path: str, frozen: bool = False) -> None:
        with self._told(f"{key} cannot be kept"), self._appearing(key) as target:
            self._files.put_file(path, target)

    def put_bytes(self, key: str, data: bytes) -> None:
        with self._told(f"{key} cannot be kept"), self._appearing(key) as target:
            self._files.pipe_file(target, data)

    def fetch(self, key: str, path: str) -> None:
        with self._told(f"{key} cannot be fetched", writes_here=True):
            self._files.get_file(self._path(key), path)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        with self._told(f"{key} cannot be read"):
            if start == 0 and end is None:
                return bytes(self._files.cat_file(self._path(key)))
            size = self._files.info(self._path(key))["size"]
            last = size if end is None else min(end, size)
            return bytes(self._files.cat_file(self._path(key), start=start, end=last)) if last > start else b""

    def exists(self, key: str) -> bool:
        with self._told(f"{key} cannot be looked for"):
            try:
                self._files.info(self._path(key))
            except FileNotFoundError:
                return False
            return True

    def entries(self, folder: str) -> Iterator[Entry]:
        with self._told(f"{folder} cannot be listed"):
            self._files.invalidate_cache()
            try:
                found = self._files.find(self._path(folder), detail=True)
            except FileNotFoundError:
                return
        for path, info in sorted(found.items()):
            if path.startswith(self._root + "/"):
                yield Entry(path[len(self._root) + 1 :], int(info["size"] or 0))

    def remove(self, key: str) -> None:
        with self._told(f"{key} cannot be removed"), suppress(FileNotFoundError):
            self._files.rm_file(self._path(key))

    def _opened(self, url: str) -> tuple[Any, str]:
        library, extra = _EXTRAS.get(self._protocol, ("fsspec", "storage"))
        try:
            import fsspec

            files, root = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            raise MissingLibrary(library, extra, f"FLOW_STORAGE={self.shown}") from error
        except Exception as error:
            raise StorageError(
                f"FLOW_STORAGE={self.shown} cannot be used: {self._masked(_text(error))}; "
                "write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, another URL of fsspec, or the path of a shared folder"
            ) from error
        return files, str(root).rstrip("/")

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    @contextmanager
    def _appearing(self, key: str) -> Iterator[str]:
        """Where the object is to be written."""
        target = self._path(key)
        if self._protocol in _WHOLE:
            yield target
            return
        partial = f"{self._root}/.partial/{os.uname().nodename}-{os.getpid()}-{next(_numbers)}"
        self._files.makedirs(f"{self._root}/.partial", exist_ok=True)
        yield partial
        self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._files.mv(partial, target)

    @contextmanager
    def _told(self, what: str, writes_here: bool = False) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            if writes_here and isinstance(error, OSError) and error.errno in FULL:
                raise
            kind = Missing if isinstance(error, FileNotFoundError) else StorageError
            raise kind(
                f"{what} in {self.shown}: {self._masked(_text(error))}; {_remedy(error)} (flow doctor tries it)"
            ) from error

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _remedy(error: Exception) -> str:
    if isinstance(error, PermissionError) or "redential" in str(error):
        return "give this host credentials that may read, write, list and remove there"
    if isinstance(error, FileNotFoundError):
        return "make the bucket or folder, or correct FLOW_STORAGE"
    return "see that this host reaches it"


def _secrets_of(url: str, environment: Mapping[str, str]) -> list[str]:
    """What must not stand in a message, the longest first: the user part of the URL, and what variables call a key."""
    user = re.match(r"\w+://([^/@]+)@", url)
    found = {user[1]} if user else set()
    found |= {value for name, value in environment.items() if _SECRET.search(name) and len(value) >= 8}
    return sorted(found, key=len, reverse=True)


def _text(error: Exception) -> str:
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}: {first[0] if first else 'it says no reason'}"
