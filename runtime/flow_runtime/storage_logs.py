"""Logs that other hosts have written: fetched from the storage into files of this host, which grow as the logs do."""

import os
import threading
import time
from contextlib import suppress

from flow_lang.named import NamedTuple

from flow_runtime.executors.bounded_log import mark
from flow_runtime.log_files import LogFiles
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.contract import Missing, Storage
from flow_runtime.storage.log_keys import KeptLog, Part, folder_of, kept_logs
from flow_runtime.storage.setting import storage_here

PERIOD = 0.5
"""Seconds for which a list of a run's logs is good."""
RUNS = 64
"""So many lists are kept."""


class _Listed(NamedTuple):
    at: float
    logs: dict[str, KeptLog]


class _Made(NamedTuple):
    """Which parts a file has that this process has made, and which file that is. No process adds to a file of another."""

    parts: tuple[Part, ...]
    inode: int
    size: int


_NOTHING = _Made((), -1, 0)


class StorageLogs(LogFiles):
    """May be used by several threads."""

    def __init__(self, state: StateFolder, storage: Storage, period: float = PERIOD) -> None:
        super().__init__(state.logs)
        self._folder, self._storage, self._period = state.fetched, storage, period
        self._listed: dict[str, _Listed] = {}
        self._made: dict[str, _Made] = {}
        """By the path of the fetched file."""
        self._lock = threading.Lock()

    def names(self, run: str, fresh: bool = False) -> set[str]:
        with self._lock:
            return super().names(run) | set(self._list(run, fresh))

    def path(self, run: str, name: str) -> str:
        here = super().path(run, name)
        if os.path.exists(here):
            return here
        with self._lock:
            kept = self._list(run).get(name)
            if kept is None:
                return here
            there = os.path.join(self._folder, run, name)
            if kept.size is not None:
                self._fetch(kept, there)
            elif self._made.get(there, _NOTHING).parts != kept.parts or not os.path.exists(there):
                with suppress(Missing):  # replaced since it was listed: the next look finds what is there then
                    self._grow(there, kept.parts)
            return there

    def _list(self, run: str, fresh: bool = False) -> dict[str, KeptLog]:
        now, known = time.monotonic(), self._listed.get(run)
        if known is not None and not fresh and now - known.at < self._period:
            return known.logs
        found = kept_logs(run, self._storage.entries(folder_of(run)))
        self._listed.pop(run, None)
        self._listed[run] = _Listed(now, found)
        while len(self._listed) > RUNS:
            self._listed.pop(next(iter(self._listed)))
        return found

    def _fetch(self, kept: KeptLog, path: str) -> None:
        """The whole, once."""
        self._made.pop(path, None)
        if os.path.exists(path) and os.path.getsize(path) == kept.size:
            return
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        partial = f"{path}.{os.getpid()}"
        self._storage.fetch(kept.key, partial)
        os.rename(partial, path)

    def _grow(self, path: str, parts: tuple[Part, ...]) -> None:
        """The file of what the parts have: what is new is added to it, unless some of what it has has gone from the middle, or another
        process has put a file of its own there."""
        made = self._made.get(path, _NOTHING)
        if made.parts and len(made.parts) <= len(parts) and all(map(_goes_on, made.parts, parts)):
            data = self._new(made.parts, parts)
            with suppress(FileNotFoundError), open(path, "r+b") as stream:
                status = os.fstat(stream.fileno())
                if (status.st_ino, status.st_size) == (made.inode, made.size):
                    stream.seek(0, os.SEEK_END)
                    stream.write(data)
                    self._made[path] = _Made(parts, made.inode, made.size + len(data))
                    return
        data = self._new((), parts)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        partial = f"{path}.{os.getpid()}"
        with open(partial, "wb") as stream:
            stream.write(data)
            self._made[path] = _Made(parts, os.fstat(stream.fileno()).st_ino, len(data))
        os.rename(partial, path)

    def _new(self, known: tuple[Part, ...], parts: tuple[Part, ...]) -> bytes:
        """What the parts have beyond those that are known. Raises Missing."""
        found = []
        for at, part in enumerate(parts):
            had = known[at].size if at < len(known) else 0
            before = parts[at - 1].end if at else 0
            if at >= len(known) and part.start > before:
                found.append(mark(part.start - before))
            if part.size > had:
                found.append(self._storage.read(part.key, had))
        return b"".join(found)


def logs_of(state: StateFolder) -> LogFiles:
    """Those of this host, and with FLOW_STORAGE those of the others. Raises Refused, StorageError."""
    storage = storage_here()
    return LogFiles(state.logs) if storage is None else StorageLogs(state, storage)


def _goes_on(known: Part, now: Part) -> bool:
    """Whether one is the other, or what it has become."""
    return known.start == now.start and known.end <= now.end and known.size <= now.size
