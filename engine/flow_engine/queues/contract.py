"""What every queue promises. tests/conformance holds each of them to it.

`Queue` is what one worker needs that has its runs for itself. `SharedQueue` is for many workers on many hosts: what is taken from it is
leased, under a fence. Either may lose all that it has: the store decides, and the hints are made again from it (`reconcile`).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal, Protocol

from flow_lang.named import NamedTuple

from flow_engine.model import Hint, TaskRef

HORIZON = 600.0
"""Seconds ahead that a shared queue keeps hints. What is due later stays in the store until then, so that a queue's size is bounded."""


Woken = Literal["", "knock", "work"]
"""What a wait has ended with; "" where the time is over."""


class Queue(Protocol):
    def push(self, hints: Iterable[Hint]) -> None:
        """Adds hints; one that is already there may be there twice, since the store refuses the second claim."""
        ...

    def pop(self, limit: int, now: float) -> list[Hint]:
        """Takes up to `limit` hints that are due, lowest rank first."""
        ...

    def next_due(self) -> float | None:
        """When the next hint is due (which may be past), or None when there is none."""
        ...

    def drop(self, runs: Collection[str]) -> None:
        """Forgets the hints of these runs."""
        ...


class Lease(NamedTuple):
    """A hint in one worker's hands until `until` (seconds, by the queue's clock), or longer where it is renewed. `fence` rises with each
    taking of a hint, also over a restart or a flush of the queue; 0: nobody keeps this lease."""

    hint: Hint
    fence: int
    until: float


class Depth(NamedTuple):
    """How many hints there are: due (by namespace), not yet due, leased."""

    ready: dict[str, int]
    later: int
    leased: int


class SharedQueue(Queue, Protocol):
    """A hint is named by its task and the task's attempt; pushed again it is there once, with the last due time and rank. One that is leased
    and pushed again comes back when its holder is done. Times to compare leases with are the queue's own, never a worker's.

    Namespaces take turns by their weights; in each the lowest rank goes first. A namespace that had nothing has saved nothing.
    Each call does the same once or twice, so that one whose answer was lost may be made again. Every method raises QueueDown."""

    def push(self, hints: Iterable[Hint], namespace: str = "default", missing: bool = False) -> None:
        """`missing`: only hints that are neither there nor leased (what a reconciliation brings). Those that are due beyond HORIZON are
        left out."""
        ...

    def take(self, limit: int) -> list[Lease]:
        """Leases up to `limit` hints that are due, and those whose lease has run out."""
        ...

    def renew(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        """Those that are held on, with their new end, and those that are not held any more: ask the store who has the task."""
        ...

    def done(self, leases: Iterable[Lease]) -> list[Lease]:
        """Ends leases. Those that are not held any more, since the time ran out and another one has taken the hint, are given back."""
        ...

    def release(self, leases: Iterable[Lease]) -> list[Lease]:
        """Puts hints back as they were; gives those that are not held any more."""
        ...

    def turn(
        self, done: Sequence[Lease], hints: Iterable[Hint], limit: int, namespace: str = "default"
    ) -> tuple[list[Lease], list[Lease]]:
        """`done`, then `push`, then `take`, in one round trip where there is one: what was taken, and what `done` gave back."""
        ...

    def wait(self, seconds: float, worker: str = "", work: bool = True) -> Woken:
        """Sleeps until there may be something to take (with `work`), or this worker was knocked for, at most so long. Of both it tells the
        knock first."""
        ...

    def knock(self, workers: Iterable[str]) -> None:
        """Wakes these workers where they wait, or when they do next: there is mail for them. It may be lost, so that they look by themselves,
        too."""
        ...

    def block(self, run: str, rows: Collection[int]) -> None:
        """Shows tasks (`seq`) as waiting for their parents, until a hint of them is pushed or the run is dropped. It decides nothing."""
        ...

    def blocked(self, run: str) -> set[int]: ...

    def depth(self) -> Depth: ...

    def epoch(self) -> str:
        """What `begin` was last told; empty where the queue has lost all since."""
        ...

    def begin(self, epoch: str) -> None:
        """Says that all that the store had is here now."""
        ...

    def clear(self) -> None:
        """Forgets everything."""
        ...


class Source(Protocol):
    """What a shared queue is made again from: the store."""

    def queue_epoch(self) -> str:
        """A UUID that was written when the state was made."""
        ...

    def ready_hints(
        self, limit: int, after: TaskRef | None = None, before: float | None = None
    ) -> list[tuple[str, Hint]]:
        """Tasks that may be claimed, or may be until `before` (now, by default), each with its namespace. Without `after` the lowest ranks
        first, which is what claims come from while the queue is down; else in the order of tasks, those after this one."""
        ...


Clock = Callable[[], float]
