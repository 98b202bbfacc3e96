"""What an outbox of notices promises. tests/conformance holds the stores to it.

A notice is written in the transaction that ends a run, fails a task for good, or lets one wait for an approval: one for each rule that
asks for it then. It waits until it was delivered, at least once, or until it was given up.
"""

from collections.abc import Sequence
from typing import Protocol

from flow_lang.named import NamedTuple

RUN_ENDS = ("run.succeeded", "run.failed", "run.cancelled")
"""By the state in which a run ends; child runs are told of by the run that has them."""
TASK_FAILED = "task.failed"
"""A task has failed for good, which leaves a dead letter."""
APPROVAL = "approval.waiting"
EVENTS = (*RUN_ENDS, TASK_FAILED, APPROVAL)


class NotifyRule(NamedTuple):
    """Who is told of which `events` of a namespace, of one `workflow` (its key, or the name alone) or of all. `sink` is JSON, which the
    notifier reads."""

    name: str
    events: tuple[str, ...]
    sink: str
    workflow: str | None = None
    namespace: str = "default"


class Notice(NamedTuple):
    """`task` is the key (`fetch[3]`) of what failed or waits, "" where the run as a whole is meant or the task is not known; `error` is JSON
    with `code` and `message`. `text` is that of an approval; `answered` says that nothing waits for it any more. `number` orders the notices
    of a state; `tries` counts the deliveries that were begun, with this one. Times are seconds since the epoch."""

    number: int
    rule: str
    namespace: str
    sink: str
    event: str
    run: str
    workflow: str
    task: str
    attempt: int
    error: str | None
    created_at: float
    tries: int
    text: str = ""
    answered: bool = False
    trouble: str | None = None
    failed_at: float | None = None

    @property
    def id(self) -> str:
        """The same in each delivery, and of no other notice of this state."""
        return f"{self.run}:{self.event}:{self.number}"


class Waiting(NamedTuple):
    """How many notices wait, and since when the first of them (seconds since the epoch)."""

    notices: int
    oldest: float | None


class Notices(Protocol):
    """A relay holds what it claimed until `until`; then another may claim it, and what the first says of it is ignored. Raises StoreError."""

    def rules(self, namespace: str = "default") -> list[NotifyRule]:
        """By name."""
        ...

    def put_rule(self, rule: NotifyRule, now: float) -> bool:
        """In place of the one with the same name, whose notices go on waiting; whether it is new."""
        ...

    def remove_rule(self, name: str, namespace: str = "default") -> bool:
        """With its notices. False where there is none."""
        ...

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Notice]:
        """Those that wait and that nobody holds, oldest first."""
        ...

    def delivered(self, relay: str, numbers: Sequence[int]) -> int:
        """They are forgotten: how many of them this relay still held."""
        ...

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        """It could not be delivered for this reason, and is not to be claimed before `until`."""
        ...

    def give_up(self, relay: str, number: int, trouble: str, now: float) -> bool:
        """It cannot be delivered, and is kept to be looked at."""
        ...

    def failed(self, namespace: str = "default", limit: int = 100) -> list[Notice]:
        """Those that were given up, newest first."""
        ...

    def try_again(self, namespace: str = "default") -> int:
        """Those that were given up wait again: how many."""
        ...

    def backlog(self) -> Waiting:
        """Of those that wait."""
        ...
