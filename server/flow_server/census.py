"""Counts over the whole state, for the metrics: with a connection of its own, since they may take long."""

import threading
import time
from contextlib import closing

from flow_engine.stores.contract import Census
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder

FRESH = 1.0
"""Seconds that a count is used again at least."""
SHARE = 0.05
"""The most of one core that counting may take, however often it is asked for: a count over millions of rows is used longer."""


class Counter:
    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._last: Census | None = None
        self._good_until = 0.0

    def count(self) -> Census:
        """Raises StoreError."""
        with self._lock:
            began = time.monotonic()
            if self._last is None or began >= self._good_until:
                with closing(open_store(self._state)) as store:
                    self._last = store.census()
                ended = time.monotonic()
                self._good_until = ended + max(FRESH, (ended - began) / SHARE)
            return self._last
