"""The queue of a single process: two heaps, one for what is due by rank, one for what is not yet due by time.

What needs labels has heaps of its own, two for each set of labels, so that who lacks some does not go through it."""

from collections.abc import Collection, Iterable
from heapq import heapify, heappop, heappush

from flow_engine.model import Hint, TaskRef

FEW = 64
"""Hints that are looked at to say of which runs some wait."""
_Entry = tuple[float, TaskRef, Hint]


class _Heaps:
    def __init__(self) -> None:
        self.due: list[_Entry] = []
        self.later: list[_Entry] = []

    def move(self, now: float) -> None:
        """What has become due stands by rank."""
        while self.later and self.later[0][0] <= now:
            hint = heappop(self.later)[2]
            heappush(self.due, (hint.rank, hint.task, hint))

    def set_back(self) -> None:
        """The clock was: what was due need not be any more."""
        self.later += [(hint.due, hint.task, hint) for _, _, hint in self.due]
        self.due.clear()
        heapify(self.later)

    def next_due(self) -> float | None:
        if self.due:
            return self.due[0][2].due
        return self.later[0][0] if self.later else None


class MemoryQueue:
    """Of a worker with these `labels`; with None it looks at no hint's labels."""

    def __init__(self, labels: Collection[str] | None = None) -> None:
        self.labels = None if labels is None else frozenset(labels)
        self._plain = _Heaps()
        self._own = [self._plain]
        """What the worker may take itself."""
        self._labelled: dict[tuple[str, ...], _Heaps] = {}
        self._now = 0.0
        """The time of the last pop: what was due then need not be kept by time."""

    def push(self, hints: Iterable[Hint]) -> None:
        for hint in hints:
            heaps = self._plain if not hint.labels or self.labels is None else self._of(hint.labels)
            if hint.due <= self._now:
                heappush(heaps.due, (hint.rank, hint.task, hint))
            else:
                heappush(heaps.later, (hint.due, hint.task, hint))

    def pop(self, limit: int, now: float, labels: Collection[str] | None = None) -> list[Hint]:
        """With `labels`, what another worker may take that has these."""
        self._move(now)
        chosen = self._own if labels is None else self._for(labels)
        if len(chosen) == 1:
            due = self._plain.due
            return [heappop(due)[2] for _ in range(min(limit, len(due)))]
        taken: list[Hint] = []
        while len(taken) < limit and (waiting := [heaps.due for heaps in chosen if heaps.due]):
            taken.append(heappop(min(waiting, key=_first))[2])
        return taken

    def next_due(self) -> float | None:
        return min((due for heaps in self._own if (due := heaps.next_due()) is not None), default=None)

    def runs(self, now: float) -> list[str]:
        """Of some hints that are due, the first ones among them; each run once."""
        self._move(now)
        return list(dict.fromkeys(task.run for heaps in self._own for _, task, _ in heaps.due[:FEW]))

    def drop(self, runs: Collection[str]) -> None:
        for heaps in (self._plain, *self._labelled.values()):
            for heap in (heaps.due, heaps.later):
                kept = [entry for entry in heap if entry[1].run not in runs]
                if len(kept) < len(heap):
                    heap[:] = kept
                    heapify(heap)

    def _move(self, now: float) -> None:
        every = (self._plain, *self._labelled.values()) if self._labelled else (self._plain,)
        for heaps in every:
            if now < self._now:
                heaps.set_back()
            heaps.move(now)
        self._now = now

    def _of(self, labels: tuple[str, ...]) -> _Heaps:
        if labels not in self._labelled:
            self._labelled[labels] = heaps = _Heaps()
            if self.labels is not None and self.labels.issuperset(labels):
                self._own.append(heaps)
        return self._labelled[labels]

    def _for(self, labels: Collection[str]) -> list[_Heaps]:
        there = {*labels}
        return [self._plain, *(heaps for needed, heaps in self._labelled.items() if there.issuperset(needed))]


def _first(heap: list[_Entry]) -> tuple[float, TaskRef]:
    return heap[0][:2]
