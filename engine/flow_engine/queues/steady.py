"""A shared queue that goes on when the service behind it does not: claims come from the store then, slower but not stopped."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from flow_engine.backoff import Backoff
from flow_engine.errors import QueueDown
from flow_engine.model import Hint
from flow_engine.queues.contract import Clock, Depth, Lease, SharedQueue, Source, Woken
from flow_engine.queues.reconcile import Reconciler

RETRIES = Backoff(0.5, 15.0)
"""When the service is asked again: seldom, since asking one that hangs holds up the worker."""
LOOK = 0.25
"""Seconds between two looks into the store while the service is down."""
Answer = TypeVar("Answer")
Other = TypeVar("Other")


class SteadyQueue:
    """What is pushed while the service is down is left to the store, from which it comes back (`Reconciler`). Leases that come from the
    store have the fence 0: nobody keeps them, and the store's own claim decides. `tell` hears of each change."""

    def __init__(
        self,
        queue: SharedQueue,
        source: Source,
        reconciler: Reconciler,
        clock: Clock = time.monotonic,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._queue = queue
        self._source = source
        self._reconciler = reconciler
        self._clock = clock
        self._tell = tell
        self._failures = 0
        self._retry_at = 0.0
        self.down_since: float | None = None
        """By `clock`; None while the service answers."""

    def push(self, hints: Iterable[Hint], namespace: str = "default", missing: bool = False) -> None:
        self._ask(lambda: self._queue.push(hints, namespace, missing), None)

    def pop(self, limit: int, now: float) -> list[Hint]:
        found = self._ask(lambda: self._queue.pop(limit, now), None)
        return [lease.hint for lease in self._from_store(limit)] if found is None else found

    def take(self, limit: int) -> list[Lease]:
        found = self._ask(lambda: self._queue.take(limit), None)
        return self._from_store(limit) if found is None else found

    def turn(
        self, done: Sequence[Lease], hints: Iterable[Hint], limit: int, namespace: str = "default"
    ) -> tuple[list[Lease], list[Lease]]:
        found = self._ask(lambda: self._queue.turn(_kept(done), hints, limit, namespace), None)
        if found is None:
            return (self._from_store(limit) if limit else []), []
        return found

    def renew(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        """While the service is down all are held: nobody else can take them from it."""
        free = [lease for lease in leases if not lease.fence]
        found = self._ask(lambda: self._queue.renew(_kept(leases)), None)
        if found is None:
            return [*leases], []
        return [*free, *found[0]], found[1]

    def done(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._ask(lambda: self._queue.done(_kept(leases)), [])

    def release(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._ask(lambda: self._queue.release(_kept(leases)), [])

    def next_due(self) -> float | None:
        found = self._ask(lambda: (self._queue.next_due(),), None)
        if found is None:
            return min((hint.due for _, hint in self._source.ready_hints(1)), default=None)
        return found[0]

    def drop(self, runs: Collection[str]) -> None:
        self._ask(lambda: self._queue.drop(runs), None)

    def wait(self, seconds: float, worker: str = "", work: bool = True) -> Woken:
        """While the service is down, a knock is not heard."""
        found: Woken | None = self._ask(lambda: self._queue.wait(seconds, worker, work), None)
        if found is not None:
            return found
        time.sleep(min(seconds, LOOK))
        return "work" if work and self._source.ready_hints(1) else ""

    def knock(self, workers: Iterable[str]) -> None:
        self._ask(lambda: self._queue.knock(workers), None)

    def block(self, run: str, rows: Collection[int]) -> None:
        self._ask(lambda: self._queue.block(run, rows), None)

    def blocked(self, run: str) -> set[int]:
        return self._ask(lambda: self._queue.blocked(run), set())

    def depth(self) -> Depth:
        """Empty while the service is down."""
        return self._ask(self._queue.depth, Depth({}, 0, 0))

    def reconcile(self) -> None:
        """What is to be called every few seconds: brings what the queue lacks. Nothing while the service is down."""
        self._ask(lambda: self._reconciler.step(self._clock()), None)

    def epoch(self) -> str:
        return self._queue.epoch()

    def begin(self, epoch: str) -> None:
        self._queue.begin(epoch)

    def clear(self) -> None:
        self._queue.clear()

    def _from_store(self, limit: int) -> list[Lease]:
        return [Lease(hint, 0, math.inf) for _, hint in self._source.ready_hints(limit)]

    def _ask(self, ask: Callable[[], Answer], otherwise: Other) -> Answer | Other:
        if self.down_since is not None and not self._is_back():
            return otherwise
        try:
            return ask()
        except QueueDown as error:
            self._note_down(error)
            return otherwise

    def _is_back(self) -> bool:
        """Once it answers again it gets all that it missed before anything is taken from it."""
        if self._clock() < self._retry_at:
            return False
        try:
            if not self._reconciler.step(self._clock()):
                self._reconciler.fill()
        except QueueDown as error:
            self._note_down(error)
            return False
        self._tell(f"the queue serves again, after {self._clock() - (self.down_since or 0.0):.1f} s")
        self.down_since, self._failures = None, 0
        return True

    def _note_down(self, error: QueueDown) -> None:
        now = self._clock()
        if self.down_since is None:
            self.down_since = now
            self._tell(str(error))
        self._failures += 1
        self._retry_at = now + RETRIES.pause(self._failures)


def _kept(leases: Iterable[Lease]) -> list[Lease]:
    return [lease for lease in leases if lease.fence]
