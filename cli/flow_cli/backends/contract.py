"""What the commands ask of the place where runs are kept. They show the same, whichever it is."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from flow_engine.dead_letters.contract import LetterFilter
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import RunFilter
from flow_lang.named import NamedTuple
from flow_lang.plan import Plan
from flow_runtime.run_logs import Piece


class Listed(NamedTuple):
    """Documents of runs, newest first, the ids of those that nobody works on any more, and what is wrong with those that cannot be read."""

    runs: list[dict[str, Any]]
    interrupted: set[str]
    unreadable: list[str]


class Answered(NamedTuple):
    """An approval that was answered."""

    run: str
    key: str
    text: str


class Sent(NamedTuple):
    """An event that was sent to `run`: who waits for it now, as (run, task), and which events are waited for."""

    run: str
    takers: list[tuple[str, str]]
    open: list[str]


class Backend(Protocol):
    """Also a `RunReads`."""

    def run(self, run: str) -> RunRecord:
        """By its id or the start of it. Raises UnknownRun."""
        ...

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan: ...

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]: ...

    def has_labels(self, labels: Collection[str]) -> bool | None: ...

    def find(self, run: str | None) -> RunRecord:
        """The named run, or the newest where none is named, child runs left aside. Raises CommandError where there is none."""
        ...

    def list(self, wanted: RunFilter) -> Listed: ...

    def is_interrupted(self, record: RunRecord) -> bool: ...

    def cancel(self, record: RunRecord, wait: float) -> str:
        """The state that it is in after `wait` seconds at most; empty where it had ended before."""
        ...

    def logs(self, record: RunRecord, task: str | None, attempt: int | None, follow: bool) -> Iterator[Piece]: ...

    def graph(self, run: str, format_: str) -> bytes: ...

    def why(self, record: RunRecord, task: str) -> dict[str, Any]: ...

    def approve(self, record: RunRecord, task: str | None, answer: bool, by: str) -> Answered: ...

    def signal(self, record: RunRecord, event: str, value: Any, by: str) -> Sent: ...

    def deploy(self, target: str) -> Sequence[dict[str, Any]]:
        """The documents of the workflows that are deployed now."""
        ...

    def workflows(self) -> Sequence[dict[str, Any]]:
        """The newest version of each deployed workflow."""
        ...

    def workflow(self, name: str) -> dict[str, Any]:
        """With its parameters, schedule and versions."""
        ...

    def remove_workflow(self, name: str) -> None: ...

    def schedules(self) -> Sequence[dict[str, Any]]: ...

    def schedule(self, name: str) -> dict[str, Any]:
        """Raises UnknownSchedule."""
        ...

    def hold(self, name: str, paused: bool) -> tuple[bool, dict[str, Any]]:
        """Pauses or resumes a schedule: whether that changed it, and its document."""
        ...

    def remove_schedule(self, name: str) -> None: ...

    def backfill(self, name: str, start: str, end: str, dry_run: bool) -> Sequence[dict[str, Any]]:
        """`{"instant", "run", "created"}` of each instant; with `dry_run` the instants alone. Times are ISO 8601 with a zone."""
        ...

    def letters(self, wanted: LetterFilter) -> tuple[Sequence[dict[str, Any]], int | None]:
        """Documents of dead letters, newest first, and where the next page begins."""
        ...

    def letter(self, letter: str) -> dict[str, Any]:
        """Raises UnknownLetter."""
        ...

    def drop_letter(self, letter: str) -> str:
        """The state that it is in where it was not open; empty where it was."""
        ...

    def pools(self) -> dict[str, int]: ...

    def set_pool(self, name: str, slots: int) -> str:
        """Where that pool is, for people."""
        ...
