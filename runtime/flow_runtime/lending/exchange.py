"""How workers hear of each other: what there is to do, and that there is mail."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from flow_engine.model import Hint
from flow_engine.queues.contract import Lease, Source, Woken
from flow_engine.queues.steady import SteadyQueue

from flow_runtime.lending.listener import Listener

LOOK, RECONCILE = 0.25, 1.0
"""Seconds between two looks into the store where there is no queue, and between two at the queue itself."""


class Exchange(Protocol):
    """It tells of runs in which there is something to do: `take` gives hints of runs (queues/runs.py), to be settled with the next `take`."""

    @property
    def queue(self) -> SteadyQueue | None:
        """None where everybody looks into the database."""
        ...

    @property
    def every(self) -> float:
        """Seconds between two looks for something to take where it does not ring."""
        ...

    def offer(self, hints: Mapping[str, Sequence[Hint]]) -> None:
        """By namespace."""
        ...

    def take(self, limit: int, done: Sequence[Lease]) -> list[Lease]:
        """After it has settled those that are `done`."""
        ...

    def knock(self, workers: Iterable[str]) -> None:
        """There is mail for these."""
        ...

    def rung(self) -> set[Woken]:
        """Whether this worker was knocked for, and was told of work, since it was asked last."""
        ...

    def listen(self, work: bool) -> None:
        """Begins to wait for a knock, and with `work` for something to take."""
        ...

    def step(self) -> None:
        """To be called often: what is to be done every few seconds."""
        ...

    def close(self) -> None: ...


class StoreExchange:
    """Without a queue: everybody looks into the database."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def queue(self) -> None:
        return None

    @property
    def every(self) -> float:
        return LOOK

    def offer(self, hints: Mapping[str, Sequence[Hint]]) -> None:
        """The rows say it."""

    def take(self, limit: int, done: Sequence[Lease]) -> list[Lease]:
        return [Lease(hint, 0, math.inf) for _, hint in self._source.ready_hints(limit)] if limit else []

    def knock(self, workers: Iterable[str]) -> None:
        """They look by themselves."""

    def rung(self) -> set[Woken]:
        return set()

    def listen(self, work: bool) -> None:
        """Nobody knocks."""

    def step(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class QueueExchange:
    """Through a queue that is shared. `listener` waits in a thread of its own."""

    def __init__(self, queue: SteadyQueue, listener: Listener) -> None:
        self._queue = queue
        self._listener = listener
        self._next = 0.0

    @property
    def queue(self) -> SteadyQueue:
        return self._queue

    @property
    def every(self) -> float:
        return RECONCILE if self._queue.down_since is None else LOOK

    def offer(self, hints: Mapping[str, Sequence[Hint]]) -> None:
        for namespace, some in hints.items():
            self._queue.push(some, namespace)

    def take(self, limit: int, done: Sequence[Lease]) -> list[Lease]:
        return self._queue.turn(done, [], limit)[0]

    def knock(self, workers: Iterable[str]) -> None:
        self._queue.knock(workers)

    def rung(self) -> set[Woken]:
        return self._listener.rung()

    def listen(self, work: bool) -> None:
        self._listener.listen(work)

    def step(self) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + RECONCILE
            self._queue.reconcile()

    def close(self) -> None:
        self._listener.ends()
        self._queue.knock([self._listener.worker])  # so that it ends at once
        self._listener.close()
