"""What an outbox of dead letters and an exporter promise. tests/conformance holds the outboxes to it.

A letter is written in the transaction that fails the task. The rows of the letters are themselves the outbox: a letter waits until it is
marked as exported, whatever happens meanwhile, and is delivered at least once. Its id is the same in each delivery.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flow_lang.named import NamedTuple

OPEN, REPLAYED, DROPPED = "open", "replayed", "dropped"
STATES = (OPEN, REPLAYED, DROPPED)
"""A letter is open until its task is tried again, or somebody drops it; neither is undone."""


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
    dropped_at: float | None = None
    exported_at: float | None = None

    @property
    def id(self) -> str:
        """The same in each delivery, and of no other letter."""
        return f"{self.run}:{self.seq}:{self.attempt}"

    @property
    def state(self) -> str:
        if self.replayed_at is not None:
            return REPLAYED
        return OPEN if self.dropped_at is None else DROPPED

    @property
    def key(self) -> str:
        """The task's key, as in `fetch[3]`."""
        return self.task if self.place is None else f"{self.task}[{self.place}]"


class LetterFilter(NamedTuple):
    """`workflow`: its key, or the name alone. `since`: written then or later, in seconds since the epoch. `before`: the number of a letter;
    only older ones (the cursor of a page)."""

    state: str | None = None
    workflow: str | None = None
    since: float | None = None
    before: int | None = None
    limit: int = 100
    namespace: str = "default"


class Replay(NamedTuple):
    """One more attempt of the task whose failure left this letter. `override`: JSON values by name, in place of those that the task would
    read; they hold for its later attempts too, with those of earlier replays."""

    run: str
    seq: int
    attempt: int
    override: Mapping[str, Any] = {}

    @property
    def letter(self) -> str:
        return f"{self.run}:{self.seq}:{self.attempt}"


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


class Letters(Outbox, Protocol):
    """The letters of a state, for people too. `Store.reopen` replays them."""

    def page(self, filter_: LetterFilter) -> list[Letter]:
        """Newest first."""
        ...

    def letter(self, id_: str) -> Letter:
        """Raises UnknownLetter."""
        ...

    def drop(self, id_: str, now: float) -> bool:
        """Nothing is to be done about it; it stays, and is exported all the same. False where it is not open. Raises UnknownLetter."""
        ...


class Exporter(Protocol):
    """Delivers letters to others."""

    def send(self, letters: Sequence[Letter]) -> list[str | None]:
        """For each letter None where it was taken for certain, else why it was not. One that was not may have been taken nevertheless.
        Raises ExportDown where nothing can be delivered now."""
        ...

    def close(self) -> None: ...
