"""Makes a shared queue again from the store: all of it where it was lost, and every few seconds what went missing on the way."""

import os
import time
from collections import defaultdict

from flow_engine.ids import new_id
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import HORIZON, Clock, SharedQueue, Source

PAGE = 1000
PAGES = 50
"""The most pages that one step brings; the next one goes on."""
EVERY = 5.0
"""Seconds between two steps: the longest that a hint is missed whose push was lost."""


class Reconciler:
    """One is enough for a queue; more do no harm. `clock` (seconds since the epoch) is the store's."""

    def __init__(self, queue: SharedQueue, source: Source, clock: Clock = time.time, every: float = EVERY) -> None:
        self._queue = queue
        self._source = source
        self._clock = clock
        self._every = every
        self._next = 0.0
        self._after: TaskRef | None = None

    def step(self, now: float | None = None) -> bool:
        """Looks at the queue, and brings what it lacks where that is due. Whether it had lost all. Raises QueueDown."""
        epoch, found = self._source.queue_epoch(), self._queue.epoch()
        if found != epoch:
            self._rebuild(epoch, found)
            return True
        at = time.monotonic() if now is None else now
        if at >= self._next:
            self._next = at + self._every
            self._fill(PAGES)
        return False

    def fill(self) -> None:
        """Brings all that the queue lacks."""
        self._after = None
        while self._fill(PAGES):
            pass

    def _rebuild(self, epoch: str, found: str) -> None:
        """The epoch is written last, and only where what was written first is still there: else the queue was lost once more meanwhile, or
        another one rebuilds it too, and whoever comes last ends it."""
        if found and not found.startswith(_REBUILDING):
            self._queue.clear()  # it is of another state
        mark = _REBUILDING + new_id(self._clock(), os.urandom)
        self._queue.begin(mark)
        self.fill()
        if self._queue.epoch() == mark:
            self._queue.begin(epoch)

    def _fill(self, pages: int) -> bool:
        """Whether there is more."""
        before = self._clock() + HORIZON
        for _ in range(pages):
            page = self._source.ready_hints(PAGE, self._after or _FIRST, before)
            by_namespace: dict[str, list[Hint]] = defaultdict(list)
            for namespace, hint in page:
                by_namespace[namespace].append(hint)
            for namespace, hints in by_namespace.items():
                self._queue.push(hints, namespace, missing=True)
            self._after = page[-1][1].task if len(page) == PAGE else None
            if self._after is None:
                return False
        return True


_FIRST = TaskRef("", -1)
_REBUILDING = "rebuilding "
