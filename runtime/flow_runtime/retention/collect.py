"""`flow gc`: removes runs that are kept no longer, and then whatever no run needs: each step safe beside working engines, and to be
broken off anywhere. Rows go first, then what they named; what a broken removal leaves is found by the next one.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from flow_engine.errors import Refused
from flow_engine.stores.contract import Store
from flow_engine.stores.removal import Removal

from flow_runtime.files import ContentStore
from flow_runtime.incarnation import alive
from flow_runtime.leftovers import sweep
from flow_runtime.retention import content
from flow_runtime.retention.policy import Policy
from flow_runtime.retention.references import MARKS, References, references
from flow_runtime.retention.shared_logs import SharedLogs
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.contract import Storage

_IDS = 500
"""Names that are asked for together."""
_ENGINE = "engine-"


class Collected(NamedTuple):
    """What was removed, or with a dry run would be. `bytes`: of files and logs on the disk, without the database."""

    runs: int = 0
    plans: int = 0
    cached: int = 0
    files: int = 0
    folders: int = 0
    bytes: int = 0


class Collector:
    """`dry`: nothing is changed. `now`: seconds since the epoch. `storage` is where other hosts read the logs of this state."""

    def __init__(
        self,
        state: StateFolder,
        store: Store,
        removal: Removal,
        now: Callable[[], float] = time.time,
        dry: bool = False,
        storage: Storage | None = None,
    ) -> None:
        self._state, self._store, self._removal = state, store, removal
        self._shared_logs = SharedLogs(state.fetched, storage) if storage is not None and not dry else None
        self._now, self._dry = now, dry
        self._files = ContentStore(state.files)
        self._bytes = 0

    def collect(self, policy: Policy) -> Collected:
        """Raises Refused where another removal is under way."""
        with _alone(self._state):
            self._bytes = 0
            runs, folders, gone = self._remove_runs(policy)
            cached = 0 if self._dry else self._removal.remove_expired(self._now())
            plans = self._removal.unused_plans(gone)
            count = len(plans) if self._dry else self._removal.remove_plans(plans)
            files = self._remove_files(gone)
            folders += self._remove_strays()
            if not self._dry:
                sweep(self._state, self._store, "")
            return Collected(runs, count, cached, files, folders, self._bytes)

    def _remove_runs(self, policy: Policy) -> tuple[int, int, frozenset[int]]:
        """How many runs and folders of them; and their numbers, where they are still there because the removal is dry."""
        runs = folders = 0
        there = {parent: set(_names(parent)) for parent in (self._state.logs, self._state.submitted)}
        still: list[int] = []
        for page in () if policy.keeps_all else self._removal.old(policy.ended_before(self._now()), policy.runs or 0):
            for part in self._removal.portions(page) if page else ():
                if self._shared_logs is not None:
                    self._shared_logs.note(run for tree in part for run in tree.ids)
                gone = part if self._dry else self._removal.remove(part)
                ids = [run for tree in gone for run in tree.ids]
                paths = [
                    os.path.join(parent, run) for parent, names in there.items() for run in names.intersection(ids)
                ]
                folders += sum(self._remove_folder(path) for path in paths)
                if self._shared_logs is not None:
                    self._shared_logs.remove(ids)
                runs += len(ids)
                still += [number for tree in gone for number in tree.numbers] if self._dry else []
        return runs, folders, frozenset(still)

    def _remove_files(self, gone: frozenset[int]) -> int:
        """Files that no text names, and the folders of dead engines."""
        start = self._now()
        engines = [name for name in _names(self._state.scratch) if name.startswith(_ENGINE)]
        dead = [name for name in engines if not alive(self._state, name.removeprefix(_ENGINE))]
        candidates = list(content.kept_before(self._files, start - content.GRACE))
        if not candidates and not dead:
            return 0
        snapshot = self._removal.snapshot(MARKS, gone)
        named = references(snapshot.texts)
        first = (start if snapshot.first_claim is None else snapshot.first_claim) - content.MARGIN
        removed = sum(
            self._take(kept) for kept in candidates if kept.wanted < first * 1e9 and not content.is_named(kept, named)
        )
        return removed + self._remove_engines(dead, named)

    def _take(self, kept: content.Kept) -> bool:
        size = content.size_of(kept.path)
        taken = self._dry or content.remove(self._files, kept)
        self._bytes += size if taken else 0
        return taken

    def _remove_engines(self, dead: list[str], named: References) -> int:
        """What dead engines wrote while they evaluated, where no value names it."""
        folders = [name for name in dead if name not in named.engines]
        for name in folders:
            self._remove_folder(os.path.join(self._state.scratch, name))
        return len(folders)

    def _remove_strays(self) -> int:
        """Folders of runs that are not there: what a removal that was broken off has left. A submission makes its folder before its
        run, so that young ones stay."""
        old = (self._now() - content.GRACE) * 1e9
        removed = 0
        for parent in (self._state.logs, self._state.submitted):
            names = [name for name in _names(parent) if _is_run(name)]
            for start in range(0, len(names), _IDS):
                chunk = names[start : start + _IDS]
                known = self._removal.known(chunk)
                paths = [os.path.join(parent, name) for name in chunk if name not in known]
                removed += sum(self._remove_folder(path) for path in paths if os.stat(path).st_mtime_ns < old)
        if self._shared_logs is not None:
            noted = [name for name in _names(self._state.fetched) if _is_run(name)]
            for start in range(0, len(noted), _IDS):
                chunk = noted[start : start + _IDS]
                known = self._removal.known(chunk)
                self._shared_logs.remove(name for name in chunk if name not in known)
        return removed

    def _remove_folder(self, path: str) -> int:
        self._bytes += content.size_of(path)
        if not self._dry:
            content.remove_tree(path)
        return 1


@contextmanager
def _alone(state: StateFolder) -> Iterator[None]:
    descriptor = os.open(os.path.join(state.root, "gc.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another flow gc works on {state.root}: wait for its end") from None
        yield
    finally:
        os.close(descriptor)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _is_run(name: str) -> bool:
    """Whether a folder is named as a run is: what people put there stays."""
    return len(name) == 26 and name.isalnum()
