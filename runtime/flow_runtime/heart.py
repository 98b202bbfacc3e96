"""The heartbeat of a worker, in a thread that no body and no transaction holds up, on a connection of its own."""

import threading
import time
from collections.abc import Collection
from contextlib import suppress

from flow_engine.errors import StoreError
from flow_engine.stores.open import open_shared_state
from flow_engine.stores.shared import LEASE

BEATS = 5
"""Heartbeats in the time of a lease."""
PATIENCE = 2.0
"""Seconds that one heartbeat waits for a server that is gone."""


class Heart:
    """Beats from its making on. `paused` says that for as long as a lease lasts there was no heartbeat: others may have taken over what this
    worker owns."""

    def __init__(self, url: str, worker: str, lease: float = LEASE, labels: Collection[str] = ()) -> None:
        self._worker, self._labels = worker, labels
        self._lease = lease
        self._store = open_shared_state(url, patience=PATIENCE)
        self._last = _now()
        """Before the last heartbeat was sent: the server had it no earlier."""
        self._longest = 0.0
        self._store.leases.beat(worker, labels)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="flow-heart", daemon=True)
        self._thread.start()

    def paused(self) -> bool:
        """Asked once for each pause."""
        with self._lock:
            longest, self._longest = max(self._longest, _now() - self._last), 0.0
        return longest >= self._lease

    def close(self) -> None:
        """The lease ends: what this worker owns is free. Where the server does not answer, that comes when its time is over."""
        self._closing.set()
        self._thread.join()
        with suppress(StoreError):
            self._store.leases.end(self._worker)
        self._store.close()

    def beat(self) -> None:
        """Raises StoreError."""
        sent = _now()
        self._store.leases.beat(self._worker, self._labels)
        with self._lock:
            self._longest = max(self._longest, _now() - self._last)
            self._last = sent

    def _beat(self) -> None:
        while not self._closing.wait(self._lease / BEATS):
            with suppress(StoreError):  # the worker itself tells of a database that is gone
                self.beat()


def _now() -> float:
    """Goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
