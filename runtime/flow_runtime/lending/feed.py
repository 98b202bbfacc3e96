"""Where a worker that shares its state gets its runs from."""

import math
import time
from collections.abc import Collection

from flow_engine.queues.contract import Lease
from flow_engine.stores.shared import SharedStore

from flow_runtime.lending.exchange import Exchange

LOOK_ANYWAY = 2.0
"""Seconds between two looks into the database for runs: the death of their owner is told by nobody."""
REST = 0.25
"""Seconds between two looks at what it is told of, at most: to take some may have waited for a server that was away."""
LOOK_FOR_LABELS = 0.5
"""Seconds between two looks for tasks that need the labels of this worker. A hint in the queue may be taken by one that has them not."""
HOLD, HOLD_AGAIN = 1.2, 10.0
"""Seconds for which a slot is left free for what needs the labels, once it has asked for that; and from then until it may be done again, where
nothing came."""


class SharedFeed:
    """What the exchange tells, and now and then a look into the database, since the death of an owner is told
    by nobody. It takes no more than its slots have room for: others may have some. `labels` are those of the worker."""

    def __init__(self, store: SharedStore, exchange: Exchange, labels: Collection[str] = ()) -> None:
        self._store = store
        self._labels = labels
        self._exchange = exchange
        self._looked_at = self._looked_for_labels_at = self._took_at = 0.0
        self._rests_until = 0.0
        """For as long as the last ones took, but for `REST` at most: where many come, one transaction is enough for those that come
        meanwhile."""
        self._leases: list[Lease] = []
        self._ended: list[Lease] = []
        self.told = True
        """There may be something to take."""
        self._held_until = self._hold_again_at = 0.0

    def wanted(self, most: int, capacity: int) -> list[str]:
        room, now = min(most, capacity), time.monotonic()
        looks = room > 0 and now >= self._rests_until and (self.told or now - self._took_at >= self._exchange.every)
        if looks or self._ended:
            ended, self._ended = self._ended, []
            self._leases = self._exchange.take(room if looks else 0, ended)
        if looks:
            self._took_at, self.told = now, bool(self._leases)
        runs = [lease.hint.task.run for lease in self._leases]
        if room > 0 and now - self._looked_at >= LOOK_ANYWAY:
            self._looked_at = now
            runs += self._store.unowned(room)
        if self._labels and room > 0 and now - self._looked_for_labels_at >= LOOK_FOR_LABELS:
            self._looked_for_labels_at = now
            found = self._store.wanted(self._labels, room)
            if found and now >= self._hold_again_at:
                self._held_until, self._hold_again_at = now + HOLD, now + HOLD_AGAIN
            runs += found
        return list(dict.fromkeys(runs))

    def taken(self, more: bool) -> None:
        """Hints are done with once their runs are taken. What was left is in the database, where it is looked for."""
        now = time.monotonic()
        if self._leases:
            self._rests_until = now + min(now - self._took_at, REST)
        self._ended += self._leases
        self._leases = []

    @property
    def holds(self) -> bool:
        """A slot is to stay free for a moment: else tasks of its own would have each that comes free, which any worker could do."""
        return time.monotonic() < self._held_until

    def got(self) -> None:
        """Something was lent: it need hold no more, and may do so again."""
        self._held_until = self._hold_again_at = 0.0

    @property
    def rests(self) -> bool:
        """There is something to take, and it is not time for that."""
        return self.told and time.monotonic() < self._rests_until

    def patience(self) -> float:
        return max(self._rests_until - time.monotonic(), 0.0) if self.rests else math.inf
