"""Result files that every host can read: what one keeps goes to the storage, what another has kept is fetched from there.

Keys: `files/ab/DIGEST` for a file (`DIGEST.x` where it may be executed), `files/folders/PLACE/DIGEST.tar` for a folder, digests of SHA-256.
A path counts wherever the state lay that kept it, so that a value means the same file on every host.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.values import File

from flow_runtime.files import ContentStore, sha256_of_file, want
from flow_runtime.storage.contract import Missing, Storage, StorageError
from flow_runtime.storage.trees import pack_tree, unpack_tree

_KEPT = re.compile(
    r"(?P<root>.*/files)/(?P<place>(?P<blob>[0-9a-f]{2}/(?P<digest>[0-9a-f]{64}))|folders/[^/]+)/(?P<name>[^/]+)(?P<rest>/.*)?",
    re.DOTALL,
)


class _Kept(NamedTuple):
    """Where a content store has it: `place` and `name` below its root, `digest` of a file (empty for a folder), `rest` inside a folder."""

    root: str
    place: str
    digest: str
    name: str
    rest: str


class SharedFiles:
    def __init__(self, content: ContentStore, storage: Storage) -> None:
        self._content, self._storage = content, storage

    def publish(self, path: str) -> None:
        """What the content store of this host keeps at this path is in the storage afterwards. Raises StorageError."""
        kept = _kept(path)
        if kept is None or kept.rest:
            return
        if not kept.digest:
            self._publish_folder(path, kept.place)
            return
        key = _key_of_file(kept, executable=bool(os.stat(path).st_mode & 0o111))
        if not self._storage.exists(key):
            self._storage.put(key, path, frozen=True)

    def here(self, path: str) -> str:
        """The path of the same file or folder on this host, fetched where it is not there yet; other paths are left as they are. Raises
        StorageError."""
        kept = _kept(path)
        if kept is None:
            return path
        local = os.path.join(self._content.root, kept.place, kept.name)
        if not want(local):
            if kept.root != self._content.root and os.path.exists(path) and not self._has(kept):
                return path  # a state on this machine that has no storage has kept it
            self._fetch(kept, local)
        return local + kept.rest

    def values_here(self, value: Any) -> Any:
        """A value in memory with the files in it as `here` gives them."""
        if isinstance(value, File):
            return value._replace(path=self.here(value.path))
        if isinstance(value, list):
            return [self.values_here(item) for item in value]
        if isinstance(value, dict):
            return {name: self.values_here(item) for name, item in value.items()}
        return value

    def want(self, path: str) -> bool:
        """Whether it is here or in the storage; what is here is not taken by a removal under way then."""
        kept = _kept(path)
        if kept is None:
            return want(path)
        return want(os.path.join(self._content.root, kept.place, kept.name) + kept.rest) or self._has(kept)

    def _has(self, kept: _Kept) -> bool:
        if not kept.digest:
            return any(True for _ in self._storage.entries(f"files/{kept.place}"))
        return any(self._storage.exists(_key_of_file(kept, executable)) for executable in (False, True))

    def _publish_folder(self, path: str, place: str) -> None:
        with self._partial(f"{place}.tar") as partial:
            packed = pack_tree(path, partial)
            self._storage.put(f"files/{place}/{packed.digest}.tar", partial)

    def _fetch(self, kept: _Kept, local: str) -> None:
        folder = os.path.join(self._content.root, kept.place)
        with self._one_at_a_time(os.path.dirname(folder)):
            if os.path.exists(local):
                return  # another slot was first
            with self._content.locked():
                os.makedirs(folder, exist_ok=True)
                os.utime(folder)  # wanted now
            if kept.digest:
                self._fetch_file(kept, local)
            else:
                self._fetch_folder(kept, local)

    def _fetch_file(self, kept: _Kept, local: str) -> None:
        with self._partial(f"{kept.digest}") as partial:
            executable = False
            try:
                self._storage.fetch(_key_of_file(kept, executable), partial)
            except Missing:
                executable = True
                try:
                    self._storage.fetch(_key_of_file(kept, executable), partial)
                except Missing as error:
                    raise self._lost(kept) from error
            self._compare(partial, kept.digest, _key_of_file(kept, executable))
            os.chmod(partial, 0o555 if executable else 0o444)
            os.rename(partial, local)

    def _fetch_folder(self, kept: _Kept, local: str) -> None:
        entry = next(iter(self._storage.entries(f"files/{kept.place}")), None)
        if entry is None:
            raise self._lost(kept)
        with self._partial(f"{kept.place}.tar") as partial:
            self._storage.fetch(entry.key, partial)
            self._compare(partial, os.path.basename(entry.key).removesuffix(".tar"), entry.key)
            made = f"{local}.{os.getpid()}"
            _remove_tree(made)  # of a process that was killed and had this number
            os.makedirs(made)
            try:
                unpack_tree(partial, made)
                os.rename(os.path.join(made, kept.name), local)
            finally:
                _remove_tree(made)

    def _compare(self, path: str, digest: str, key: str) -> None:
        found = sha256_of_file(path)
        if found != digest:
            raise StorageError(
                f"{key} in {self._storage.shown} has another content (SHA-256 {found}) than was kept: remove it there, and run again "
                "the task that made it"
            )

    def _lost(self, kept: _Kept) -> StorageError:
        return StorageError(
            f"{kept.name} is a result that another host has kept ({kept.root}), and {self._storage.shown} does not have it: "
            "set FLOW_STORAGE alike on all hosts, and run again the task that made it"
        )

    @contextmanager
    def _partial(self, name: str) -> Iterator[str]:
        """A file of this process in the content store's folder, gone afterwards."""
        path = os.path.join(self._content.root, f".{name.replace('/', '-')}.{os.getpid()}")
        os.makedirs(self._content.root, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(path)
        try:
            yield path
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)

    @contextmanager
    def _one_at_a_time(self, folder: str) -> Iterator[None]:
        """Of those that fetch into a folder of this host, so that each thing is fetched once."""
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(os.path.join(folder, ".fetching"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _kept(path: str) -> _Kept | None:
    found = _KEPT.fullmatch(path)
    return found and _Kept(found["root"], found["place"], found["digest"] or "", found["name"], found["rest"] or "")


def _key_of_file(kept: _Kept, executable: bool) -> str:
    return f"files/{kept.place}{'.x' if executable else ''}"


def _remove_tree(path: str) -> None:
    if not os.path.lexists(path):
        return
    import shutil

    for where, _, _ in os.walk(path):
        os.chmod(where, 0o700)
    shutil.rmtree(path)
