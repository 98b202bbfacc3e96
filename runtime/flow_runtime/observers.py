"""Who hears what a worker does, to show it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from flow_engine.model import Claim, Completion, Tick


class Observer(Protocol):
    """Called between transactions, after they are durable."""

    def claimed(self, claims: Iterable[Claim]) -> None: ...
    def completed(self, completions: Iterable[Completion]) -> None: ...
    def ended(self, run: str) -> None: ...


class Observers:
    def __init__(self, observers: Iterable[Observer]) -> None:
        self._all = list(observers)

    def add(self, observer: Observer) -> None:
        self._all.append(observer)

    def kept(self, tick: Tick, done: Sequence[Completion]) -> None:
        """A transaction, and what it was told."""
        refused = set(tick.refused)
        accepted = [completion for completion in done if completion.task not in refused] if refused else done
        for observer in self._all:
            observer.completed(accepted)
            observer.claimed([*tick.claims, *(claim for _, claim in tick.lent)] if tick.lent else tick.claims)

    def ended(self, run: str) -> None:
        for observer in self._all:
            observer.ended(run)
