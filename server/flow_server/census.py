"""Counts over the whole state, for the metrics: with a connection of its own, since they may take long."""

import threading
import time
from contextlib import closing
from typing import NamedTuple

from flow_engine.dead_letters.contract import Backlog
from flow_engine.notices.contract import Waiting
from flow_engine.stores.contract import Census, Store
from flow_runtime.embedded import open_store
from flow_runtime.incarnation import count_alive
from flow_runtime.schedules.specs import overdue
from flow_runtime.state_folder import StateFolder

FRESH = 1.0
"""Seconds that a count is used again at least."""
SHARE = 0.05
"""The most of one core that counting may take, however often it is asked for: a count over millions of rows is used longer."""


class Standing(NamedTuple):
    """`workers` are those that live, `schedules` (id, since when an instant is overdue) all that are deployed."""

    census: Census
    backlog: Backlog
    notices: Waiting
    workers: int
    schedules: list[tuple[str, float | None]]


class Counter:
    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._last: Standing | None = None
        self._good_until = 0.0

    def count(self) -> Standing:
        """Raises StoreError."""
        with self._lock:
            began = time.monotonic()
            if self._last is None or began >= self._good_until:
                with closing(open_store(self._state)) as store:
                    self._last = _standing(store, self._state, time.time())
                ended = time.monotonic()
                self._good_until = ended + max(FRESH, (ended - began) / SHARE)
            return self._last


def _standing(store: Store, state: StateFolder, now: float) -> Standing:
    living = store.living([one.worker for one in store.workers()]) if state.database_url else ()
    workers = len(living) if state.database_url else count_alive(state)
    schedules = [(record.id, overdue(record, now)) for record in store.schedules()]
    return Standing(store.census(), store.letters.backlog(), store.notices.backlog(), workers, schedules)
