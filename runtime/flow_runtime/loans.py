"""What a worker asks its lender, and the answers of one that has its runs for itself."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from flow_engine.model import Ask, Completion, InFlight, Lent, Room
from flow_engine.queues.memory import MemoryQueue
from flow_engine.stores.mail import NO_MAIL, Mail
from flow_lang.named import NamedTuple

from flow_runtime.live_run import LiveRun


class Left(NamedTuple):
    """Attempts that nobody works on any more, and those of them that dead workers had borrowed."""

    in_flight: list[InFlight]
    lent: list[InFlight]


class Lending(Protocol):
    """The owner's side of lending (lending/lender.py)."""

    def read(self) -> Mail:
        """What others have left since; empty while it is not time to look."""
        ...

    def asks(self, rooms: Sequence[Room], queue: MemoryQueue, now: float) -> list[Ask]: ...

    def kept(self, lent: Sequence[Lent], ended: Iterable[Completion]) -> None:
        """A tick has lent these, and taken up those."""
        ...

    def offer(self, lives: Iterable[LiveRun]) -> None:
        """Of these more is ready than the slots can take."""
        ...

    def lost(self) -> list[Completion]:
        """What dead borrowers had."""
        ...

    def end(self, live: LiveRun, reason: str) -> None:
        """Asks those who have tasks of the main part of this run to end them."""
        ...

    def adopted(self, run: str, in_flight: Sequence[InFlight]) -> Left:
        """What of it nobody works on any more."""
        ...


class NotLending:
    """Lends nothing, and hears nothing."""

    def read(self) -> Mail:
        return NO_MAIL

    def asks(self, rooms: Sequence[Room], queue: MemoryQueue, now: float) -> list[Ask]:
        return []

    def kept(self, lent: Sequence[Lent], ended: Iterable[Completion]) -> None:
        """Nothing is lent."""

    def offer(self, lives: Iterable[LiveRun]) -> None:
        """Nothing is lent."""

    def lost(self) -> list[Completion]:
        return []

    def end(self, live: LiveRun, reason: str) -> None:
        """Nothing is lent."""

    def adopted(self, run: str, in_flight: Sequence[InFlight]) -> Left:
        return Left([*in_flight], [])


NOT_LENDING = NotLending()
