"""The queue of many workers of one process: what the one in Redis promises, in dictionaries, for tests and simulations."""

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import HORIZON, Clock, Depth, Lease, Woken

Name = tuple[TaskRef, int]
"""A task and its attempt."""


@dataclass
class _Kept:
    hint: Hint
    namespace: str
    lease: Lease | None = None
    again: bool = False


@dataclass
class _Shelf:
    """What all workers share."""

    hints: dict[Name, _Kept] = field(default_factory=dict)
    passes: dict[str, float] = field(default_factory=dict)
    served: float = 0.0
    fence: int = 0
    epoch: str = ""
    blocked: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    knocked: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)


class SharedMemoryQueue:
    """`beside`: another worker's view of the same queue. `clock` says what is due, and `lease_clock` when a lease is over (seconds)."""

    def __init__(
        self,
        lease: float = 30.0,
        weights: Mapping[str, float] | None = None,
        clock: Clock = time.time,
        lease_clock: Clock = time.time,
        beside: "SharedMemoryQueue | None" = None,
    ) -> None:
        self._shelf: _Shelf = beside._shelf if beside else _Shelf()
        self._lease = lease
        self._weights = dict(weights or {})
        self._clock = clock
        self._lease_clock = lease_clock

    def push(self, hints: Iterable[Hint], namespace: str = "default", missing: bool = False) -> None:
        shelf = self._shelf
        with shelf.changed:
            for hint in hints:
                kept = shelf.hints.get(_name(hint))
                if (missing and kept) or hint.due > self._clock() + HORIZON:
                    continue
                shelf.blocked[hint.task.run].discard(hint.task.seq)
                shelf.hints[_name(hint)] = made = _Kept(hint, namespace)
                if kept and kept.lease:
                    made.lease, made.again = kept.lease, True
            shelf.changed.notify_all()

    def pop(self, limit: int, now: float | None = None) -> list[Hint]:
        with self._shelf.changed:
            taken = self._serve(limit, self._clock() if now is None else now)
            for kept in taken:
                del self._shelf.hints[_name(kept.hint)]
            return [kept.hint for kept in taken]

    def take(self, limit: int) -> list[Lease]:
        shelf = self._shelf
        with shelf.changed:
            taken = self._serve(limit, self._clock())
            shelf.fence += bool(taken)
            leases = [Lease(kept.hint, shelf.fence, self._lease_clock() + self._lease) for kept in taken]
            for kept, lease in zip(taken, leases, strict=True):
                kept.lease = lease
            return leases

    def turn(
        self, done: Sequence[Lease], hints: Iterable[Hint], limit: int, namespace: str = "default"
    ) -> tuple[list[Lease], list[Lease]]:
        refused = self.done(done)
        self.push(hints, namespace)
        return self.take(limit), refused

    def renew(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        kept, lost = [], []
        with self._shelf.changed:
            for lease in leases:
                held = self._held(lease)
                if held is None:
                    lost.append(lease)
                    continue
                held.lease = lease._replace(until=self._lease_clock() + self._lease)
                kept.append(held.lease)
        return kept, lost

    def done(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._end(leases, back=False)

    def release(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._end(leases, back=True)

    def next_due(self) -> float | None:
        with self._shelf.changed:
            free = [kept.hint for kept in self._shelf.hints.values() if kept.lease is None]
            return min((hint.due for hint in free), default=None)

    def drop(self, runs: Collection[str]) -> None:
        with self._shelf.changed:
            for name in [name for name in self._shelf.hints if name[0].run in runs]:
                del self._shelf.hints[name]
            for run in runs:
                self._shelf.blocked.pop(run, None)

    def wait(self, seconds: float, worker: str = "", work: bool = True) -> Woken:
        end = time.monotonic() + seconds
        with self._shelf.changed:
            while not (work and self._due(self._clock())) and worker not in self._shelf.knocked:
                left = end - time.monotonic()
                if left <= 0:
                    return ""
                self._shelf.changed.wait(min(left, self._next_change()) if work else left)
            if worker in self._shelf.knocked:
                self._shelf.knocked.discard(worker)
                return "knock"
            return "work"

    def knock(self, workers: Iterable[str]) -> None:
        with self._shelf.changed:
            self._shelf.knocked.update(workers)
            self._shelf.changed.notify_all()

    def block(self, run: str, rows: Collection[int]) -> None:
        with self._shelf.changed:
            self._shelf.blocked[run].update(rows)

    def blocked(self, run: str) -> set[int]:
        with self._shelf.changed:
            return set(self._shelf.blocked.get(run, ()))

    def depth(self) -> Depth:
        now = self._clock()
        ready: dict[str, int] = defaultdict(int)
        with self._shelf.changed:
            free = [kept for kept in self._shelf.hints.values() if kept.lease is None]
            leased = len(self._shelf.hints) - len(free)
        for kept in free:
            if kept.hint.due <= now:
                ready[kept.namespace] += 1
        return Depth(dict(ready), len(free) - sum(ready.values()), leased)

    def epoch(self) -> str:
        return self._shelf.epoch

    def begin(self, epoch: str) -> None:
        self._shelf.epoch = epoch

    def clear(self) -> None:
        with self._shelf.changed:
            shelf = self._shelf
            shelf.hints.clear()
            shelf.passes.clear()
            shelf.blocked.clear()
            shelf.epoch, shelf.served = "", 0.0

    def _due(self, now: float) -> list[_Kept]:
        """What may be taken, best first; leases that have run out end."""
        over = self._lease_clock()
        for kept in self._shelf.hints.values():
            if kept.lease is not None and kept.lease.until <= over:
                kept.lease, kept.again = None, False
        due = [kept for kept in self._shelf.hints.values() if kept.lease is None and kept.hint.due <= now]
        return sorted(due, key=lambda kept: (kept.hint.rank, kept.hint.task))

    def _serve(self, limit: int, now: float) -> list[_Kept]:
        """The namespaces take turns: the one with the lowest pass is next, and its pass goes up by 1 / weight."""
        shelf, lines = self._shelf, defaultdict[str, list[_Kept]](list)
        for kept in self._due(now):
            lines[kept.namespace].append(kept)
        shelf.passes = {name: shelf.passes.get(name, shelf.served) for name in lines}
        taken: list[_Kept] = []
        while lines and len(taken) < limit:
            name = min(lines, key=lambda name: (shelf.passes[name], name))
            shelf.served = shelf.passes[name]
            taken.append(lines[name].pop(0))
            shelf.passes[name] += 1 / self._weights.get(name, 1.0)
            if not lines[name]:
                del lines[name], shelf.passes[name]
        return taken

    def _end(self, leases: Iterable[Lease], back: bool) -> list[Lease]:
        refused = []
        with self._shelf.changed:
            for lease in leases:
                held = self._held(lease)
                if held is None:
                    refused.append(lease)
                elif held.again or back:
                    held.lease, held.again = None, False
                else:
                    del self._shelf.hints[_name(lease.hint)]
            self._shelf.changed.notify_all()
        return refused

    def _held(self, lease: Lease) -> _Kept | None:
        kept = self._shelf.hints.get(_name(lease.hint))
        return kept if kept and kept.lease and kept.lease.fence == lease.fence else None

    def _next_change(self) -> float:
        """Seconds until something falls due or a lease runs out."""
        times = [kept.hint.due - self._clock() for kept in self._shelf.hints.values() if kept.lease is None]
        times += [kept.lease.until - self._lease_clock() for kept in self._shelf.hints.values() if kept.lease]
        return max(min(times, default=1.0), 0.001)


def _name(hint: Hint) -> Name:
    return hint.task, hint.attempt
