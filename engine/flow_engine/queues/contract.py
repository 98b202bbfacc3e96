"""What every queue promises. tests/conformance holds each of them to it."""

from collections.abc import Collection, Iterable
from typing import Protocol

from flow_engine.model import Hint


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
