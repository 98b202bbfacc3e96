"""What an outbox of dead letters and an exporter promise. tests/conformance holds the outboxes to it.

A letter is written in the transaction that fails the task. The rows of the letters are themselves the outbox: a letter waits until it is
marked as exported, whatever happens meanwhile, and is delivered at least once. Its id is the same in each delivery.
"""

from collections.abc import Sequence
from typing import Protocol

from flow_lang.named import NamedTuple


class Letter(NamedTuple):
    """The task `seq` of `run` has failed with this attempt, which is its last. `task` is its name, `place` its position where it is an
    instance of a `for`. `error` is JSON: `code`, `message` and more. Times are seconds since the epoch. `number` orders letters of a
    state; `tries` counts the deliveries that were begun, with this one."""

    number: int
    topic: str
    namespace: str
    run: str
    workflow: str
    plan_hash: str
    seq: int
    task: str
    place: int | None
    attempt: int
    error: str
    created_at: float
    labels: tuple[str, ...] = ()
    replayed_at: float | None = None
    tries: int = 1

    @property
    def id(self) -> str:
        """The same in each delivery, and of no other letter."""
        return f"{self.run}:{self.seq}:{self.attempt}"

    @property
    def key(self) -> str:
        """The task's key, as in `fetch[3]`."""
        return self.task if self.place is None else f"{self.task}[{self.place}]"


class Backlog(NamedTuple):
    """How many letters wait, and since when the first of them (seconds since the epoch)."""

    letters: int
    oldest: float | None


class Outbox(Protocol):
    """A relay holds what it claimed until `until`; then another may claim it. Whatever a relay says of a letter that it holds no more is
    ignored: the letter is delivered again. Raises StoreError."""

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Letter]:
        """Letters that wait and that nobody holds, oldest first."""
        ...

    def exported(self, relay: str, numbers: Sequence[int], now: float) -> int:
        """They have been delivered: how many of them this relay still held."""
        ...

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        """It could not be delivered for this reason, and is not to be claimed before `until`. False where this relay does not hold it."""
        ...

    def backlog(self) -> Backlog: ...


class Exporter(Protocol):
    """Delivers letters to others."""

    def send(self, letters: Sequence[Letter]) -> list[str | None]:
        """For each letter None where it was taken for certain, else why it was not. One that was not may have been taken nevertheless.
        Raises ExportDown where nothing can be delivered now."""
        ...

    def close(self) -> None: ...
