"""The queue of a single process: two heaps, one for what is due by rank, one for what is not yet due by time."""

from collections.abc import Collection, Iterable
from heapq import heapify, heappop, heappush

from flow_engine.model import Hint, TaskRef

FEW = 64
"""Hints that are looked at to say of which runs some wait."""


class MemoryQueue:
    def __init__(self) -> None:
        self._due: list[tuple[float, TaskRef, Hint]] = []
        self._later: list[tuple[float, TaskRef, Hint]] = []
        self._now = 0.0
        """The time of the last pop: what was due then need not be kept by time."""

    def push(self, hints: Iterable[Hint]) -> None:
        for hint in hints:
            if hint.due <= self._now:
                heappush(self._due, (hint.rank, hint.task, hint))
            else:
                heappush(self._later, (hint.due, hint.task, hint))

    def pop(self, limit: int, now: float) -> list[Hint]:
        if now < self._now:  # the clock was set back
            self._later += [(hint.due, hint.task, hint) for _, _, hint in self._due]
            self._due.clear()
            heapify(self._later)
        self._now = now
        while self._later and self._later[0][0] <= now:
            hint = heappop(self._later)[2]
            heappush(self._due, (hint.rank, hint.task, hint))
        return [heappop(self._due)[2] for _ in range(min(limit, len(self._due)))]

    def next_due(self) -> float | None:
        if self._due:
            return min(hint.due for _, _, hint in self._due[:1])
        return self._later[0][0] if self._later else None

    def runs(self) -> list[str]:
        """Of some hints that were due at the last pop, the first ones among them; each run once."""
        return list(dict.fromkeys(task.run for _, task, _ in self._due[:FEW]))

    def drop(self, runs: Collection[str]) -> None:
        for heap in (self._due, self._later):
            kept = [entry for entry in heap if entry[1].run not in runs]
            if len(kept) < len(heap):
                heap[:] = kept
                heapify(heap)
