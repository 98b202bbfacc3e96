"""Where a worker that shares its state gets its runs from."""

import time

from flow_engine.queues.contract import Lease
from flow_engine.stores.contract import Store

from flow_runtime.lending.exchange import Exchange

LOOK_ANYWAY = 2.0
"""Seconds between two looks into the database for runs: the death of their owner is told by nobody."""


class SharedFeed:
    """What the exchange tells, and now and then a look into the database, since the death of an owner is told
    by nobody. It takes no more than its slots have room for: others may have some."""

    def __init__(self, store: Store, exchange: Exchange) -> None:
        self._store = store
        self._exchange = exchange
        self._looked_at = self._took_at = 0.0
        self._leases: list[Lease] = []
        self.told = True
        """There may be something to take."""

    def wanted(self, most: int, capacity: int) -> list[str]:
        room, now = min(most, capacity), time.monotonic()
        if room <= 0:
            return []
        if self.told or now - self._took_at >= self._exchange.every:
            self._took_at = now
            self._leases = self._exchange.take(room)
            self.told = bool(self._leases)
        runs = [lease.hint.task.run for lease in self._leases]
        if now - self._looked_at >= LOOK_ANYWAY:
            self._looked_at = now
            runs += self._store.unowned(room)
        return list(dict.fromkeys(runs))

    def taken(self, more: bool) -> None:
        """What was left is in the database, where it is looked for."""
        if self._leases:
            leases, self._leases = self._leases, []
            self._exchange.done(leases)
