"""How workers of the simulation hear of runs through a queue that they share: what the real ones do (flow_runtime/lending)."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import cast

from flow_engine.errors import QueueDown
from flow_engine.model import Hint, RunRecord
from flow_engine.queues.contract import Clock, Lease, SharedQueue
from flow_engine.queues.reconcile import Reconciler
from flow_engine.queues.runs import run_hint
from flow_engine.queues.shared_memory import SharedMemoryQueue
from flow_engine.queues.steady import SteadyQueue
from flow_engine.stores.shared import SharedStore
from support.shared_queues import LEASE, Service

from simulation.checker import Violation
from simulation.twin import QueueFaults, TwinQueue


class Exchange:
    """`clock` is the time of the simulation, also by which leases end. `count` hears of what happens."""

    def __init__(self, service: Service, draw: random.Random, clock: Clock, count: Callable[[str], object]) -> None:
        self._service, self._draw, self._clock, self._count = service, draw, clock, count
        self.faults = QueueFaults(draw, count)
        self._model = SharedMemoryQueue(LEASE, clock=clock, lease_clock=clock)
        self._own = self._view()
        self._late: list[tuple[SteadyQueue, list[Lease]]] = []
        """What workers have taken and are not done with."""

    def join(self, store: SharedStore) -> SteadyQueue:
        """The queue of one worker."""
        queue = cast(SharedQueue, self._view())
        return SteadyQueue(queue, store.source, Reconciler(queue, store.source, self._clock), self._clock)

    def cry(self, namespace: str, hints: list[Hint]) -> None:
        """Whoever submits tells it, or goes on where the queue does not hear of it."""
        try:
            self._own.push(hints, namespace)
        except QueueDown:
            self._count("runs that the queue did not hear of")

    def offer(self, queue: SteadyQueue, records: Iterable[RunRecord]) -> None:
        """Runs of which more is ready than their owner takes."""
        queue.push([run_hint(record.id, record.created_at, record.priority) for record in records])

    def wanted(self, queue: SteadyQueue, calm: bool) -> Iterator[str]:
        """Hints are done with when the next one after them is asked for, unless their worker has gone by then."""
        if self._draw.random() < 0.3:
            queue.reconcile()
        leases = queue.take(self._draw.randint(1, 3))
        for lease in leases:
            self._count("hints taken" if lease.fence else "hints taken from the database")
            yield lease.hint.task.run
        if calm or self._draw.random() < 0.7:
            queue.done(leases)
        elif leases:
            self._count("leases kept for long")
            self._late.append((queue, leases))
        self._end_late()

    def _end_late(self) -> None:
        """A worker that was held up is done with what it has taken, perhaps after another one has taken that too."""
        if not self._late or self._draw.random() < 0.7:
            return
        queue, leases = self._late.pop(self._draw.randrange(len(self._late)))
        chance = self._draw.random()
        if chance < 0.6:
            queue.done(leases)
        elif chance < 0.8:
            queue.release(leases)
        else:
            self._late.append((queue, queue.renew(leases)[0]))

    def disturb(self) -> None:
        """The server loses all that it has, or its scripts, or nothing and is looked at."""
        chance = self._draw.random()
        if chance < 0.02:
            self._service.flush()
            self._model.clear()
            self._count("flushes")
        elif chance < 0.03:
            self._service.forget_scripts()
            self._count("flushes of scripts")
        elif chance < 0.1:
            self._own.depth()

    def drain(self, ended: set[str]) -> None:
        """When all runs have ended: the hints that are left are of those, and nothing stays of them."""
        for queue, leases in self._late:
            queue.done(leases)
        while leases := self._own.take(10):
            left = {lease.hint.task.run for lease in leases} - ended
            if left:
                raise Violation(f"the queue has hints of {left}, which nobody knows")
            self._own.done(leases)
        if self._own.depth() != ({}, 0, 0):
            raise Violation(f"nobody has anything of the queue, and it is not empty: {self._own.depth()}")
        self._service.need_clean()

    def _view(self) -> TwinQueue:
        real = self._service.open(self._clock, self.faults.again)
        model = SharedMemoryQueue(LEASE, clock=self._clock, lease_clock=self._clock, beside=self._model)
        return TwinQueue(real, model, self.faults)
