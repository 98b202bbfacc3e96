"""What every store promises. tests/conformance holds each of them to it.

A store is the truth: whatever `tick` returned is durable, and whatever raised left nothing behind. A worker is named by a random
incarnation and owns the runs that it adopted; its writes are refused where the attempt or the worker does not match (the fence).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from flow_lang.named import NamedTuple
from flow_lang.plan import Plan

from flow_engine.decisions.books import Report
from flow_engine.deployments import Deployed, Deployment, Version
from flow_engine.errors import Unreadable
from flow_engine.model import (
    AttemptRecord,
    Cached,
    Event,
    Hint,
    InFlight,
    NewRun,
    RunEnd,
    RunRecord,
    Signal,
    Tally,
    TaskRecord,
    TaskRef,
    Tick,
    WorkerRecord,
)
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.mail import LoanKey, Mail, Mailbox, Message

if TYPE_CHECKING:
    from flow_engine.access import Access
    from flow_engine.dead_letters.contract import Letters, Replay
    from flow_engine.notices.contract import Notices


class Submitted(NamedTuple):
    run: str
    created: bool


class Adopted(NamedTuple):
    """A run that this worker owns now. `in_flight` is what a dead owner had: complete each as Lost or Released in the dead owner's name.
    `restless`: the next tick goes on with it whatever it is told (instances of a `for` are still to be made, say); so one must follow."""

    record: RunRecord
    plan: Plan
    ready: list[Hint]
    in_flight: list[InFlight]
    restless: bool = False


class Adoption(NamedTuple):
    """Of several runs: those that were taken over; of those that were not because they cannot be read, why, by id; and the child runs of the
    first that have not ended, each after its parent."""

    taken: list[Adopted]
    failed: dict[str, Unreadable]
    children: list[tuple[str, str]]


class RunFilter(NamedTuple):
    state: str | None = None
    workflow: str | None = None
    """Its key in the plan (`lib/quality.flow:check`), or the name alone, which also finds those of imported files."""
    before: str | None = None
    """A run id: only older runs (the cursor of a page)."""
    limit: int = 100
    namespace: str = "default"
    top: bool = False
    """Only runs that are no child runs."""
    since: str | None = None
    """An id: only it and newer ones. `first_id` is the one of a time."""


class Census(NamedTuple):
    """Counts over the whole state, by state. `tasks` are those of runs that have not ended. `oldest_queued` is when the longest waiting run
    was submitted. `ready` are the tasks that may start, by pool; empty for none. `open_letters`: dead letters that nobody has answered."""

    runs: dict[str, int]
    tasks: dict[str, int]
    oldest_queued: float | None
    ready: dict[str, int]
    open_letters: int


class Store(Protocol):
    def submit(self, new: NewRun) -> Submitted:
        """Keeps the run. The same idempotency key and payload give the first run again; another payload raises IdempotencyConflict."""
        ...

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        """Keeps all of these runs in one transaction, or none where one of them is refused."""
        ...

    def adopt(self, worker: str, run: str, now: float) -> Adopted | None:
        """Takes a run that nobody alive owns and that has not ended; None otherwise."""
        ...

    def adopt_all(self, worker: str, records: Sequence[RunRecord], now: float) -> Adoption:
        """The same for several, as they were read just before; what stands in the way of one is no obstacle to the others."""
        ...

    def abandon(self, worker: str) -> bool:
        """Gives back what this worker owns, so that another may adopt it. What is in flight was started or not, which only the worker's start
        cursor tells: such a run stays with its name, and is free once it is dead. Whether all was given back."""
        ...

    def unowned(self, limit: int) -> list[str]:
        """Runs that wait for a worker: not ended, and owned by nobody alive. Oldest and most urgent first."""
        ...

    def owners(self) -> set[str]:
        """The workers, living or dead, that own runs which have not ended."""
        ...

    def tick(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Tick:
        """One transaction: applies the report (fenced), unlocks dependants, claims up to `want` tasks.
        Raises StoreError, and then nothing was kept and the runs must be adopted again."""
        ...

    def finish(self, worker: str, now: float, ends: Sequence[RunEnd]) -> None:
        """Ends runs whose tasks have all ended."""
        ...

    def held(self) -> list[tuple[str, Hint]]:
        """Of the runs that are worked on through this handle: what is ready and a gate holds back, with the pool where that is the gate. Any
        thread may ask."""
        ...

    def living(self, workers: Collection[str]) -> set[str]:
        """Those of these workers that live."""
        ...

    def workers(self) -> list[WorkerRecord]:
        """By name: those that own runs which have not ended, and all that live where that is told by heartbeats."""
        ...

    def has_labels(self, labels: Collection[str]) -> bool | None:
        """Whether a worker lives that has all of these labels. None where nobody looks at labels: all workers are on one machine."""
        ...

    def leave(self, messages: Sequence[Message]) -> None:
        """Leaves word with other workers (mail.py). The same message counts once. What is left for a run that has ended is never read."""
        ...

    def mail(self, worker: str) -> Mail:
        """What others have left for runs that this worker owns. It stays until a tick that reports it is kept."""
        ...

    def mailbox(self, worker: str) -> Mailbox:
        """What this worker has borrowed, and where it has asked for more."""
        ...

    def loans(self, run: str) -> set[LoanKey]:
        """The attempts of a run that workers have which do not own it."""
        ...

    def request_cancel(self, run: str, now: float, reason: str = "asked") -> bool:
        """Asks the owner to cancel; False where the run has ended. The first reason stays (`asked`, `timeout`). Raises UnknownRun."""
        ...

    def send(self, run: str, signal: Signal) -> None:
        """Keeps a signal for a run, also before anything waits for it. Raises UnknownRun, and FlowError where the run has ended."""
        ...

    def signals(self, run: str) -> list[Signal]:
        """In the order in which they came."""
        ...

    def arrivals(self, worker: str) -> list[TaskRef]:
        """Suspended tasks of this worker's runs for which something has come: a signal, the end of a child run."""
        ...

    def children(self, run: str) -> list[str]:
        """The child runs of a run that have not ended."""
        ...

    def deploy(self, new: Deployment) -> Deployed:
        """Keeps a workflow, its plan and its schedule. Where the plan or folder is another than before that is a new version; a schedule that
        is there gets the new plan, and stays paused if it was; without one in the new plan it is forgotten. From the first deployment on,
        or the first with these instants (cron line and zone), its instants are owed."""
        ...

    def workflows(self, namespace: str = "default") -> list[Version]:
        """The newest version of each deployed workflow, by name."""
        ...

    def versions(self, workflow: str, limit: int) -> list[Version]:
        """Of the id of a deployed workflow, newest first, one at least. Raises UnknownWorkflow."""
        ...

    def remove_workflow(self, workflow: str) -> None:
        """All its versions and its schedule; its runs stay. Raises UnknownWorkflow."""
        ...

    def schedules(self, namespace: str = "default") -> list[ScheduleRecord]:
        """By name."""
        ...

    def schedule(self, schedule: str) -> ScheduleRecord:
        """Raises UnknownSchedule."""
        ...

    def pause_schedule(self, schedule: str, now: float) -> bool:
        """False where it is paused. Raises UnknownSchedule."""
        ...

    def resume_schedule(self, schedule: str, now: float) -> bool:
        """False where it is not paused. What came due in the meantime is not owed. Raises UnknownSchedule."""
        ...

    def remove_schedule(self, schedule: str) -> None:
        """Its runs stay. Raises UnknownSchedule."""
        ...

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        """One transaction: submits the run under the key of the instant, and the instant is decided. Whoever comes second gets the first
        run, whatever its parameters. None where the instant was decided otherwise, or the schedule is paused or has another plan now. A
        backfill asks for none of that, and decides nothing for the clock. Raises UnknownSchedule."""
        ...

    def leave_out(self, schedule: str, instant: float, hold: bool) -> bool:
        """Decides an instant without a run; with `hold` it stands in line until it is fired. False where it, or a later one, is decided
        already. Raises UnknownSchedule."""
        ...

    def scheduled_runs(self, schedule: str) -> list[str]:
        """The runs that the schedule started and that have not ended, oldest first, without those of a backfill."""
        ...

    def set_pool(self, name: str, slots: int) -> None: ...

    def pools(self) -> dict[str, int]:
        """The server's pools and their slots."""
        ...

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence["Replay"] = ()) -> int:
        """Tries an ended run again from what failed, did not start, was cancelled or undone: how many tasks that are, 0 where the run
        has not ended, has succeeded, or has nothing to try again. Whoever adopts it works on it, which is `owner` alone where one is
        given. Approvals that are asked again need another answer. With `replays`, letters of that run, only their tasks are, with what uses
        them; each letter is replayed once. Raises UnknownLetter, and Refused where one is not open."""
        ...

    def cached(self, digest: str, now: float) -> Cached | None:
        """A kept result that is not too old."""
        ...

    def last_cached(self, workflow: str, task: str, key: str, before: float) -> Cached | None:
        """The newest result that was kept of this task before a time, whatever its inputs; of the instance `key`, where it has one."""
        ...

    def cancel_requests(self, worker: str) -> list[str]: ...

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]:
        """The results (JSON) of these tasks, in the order asked."""
        ...

    def items(self, run: str, rows: Sequence[int]) -> list[str | None]:
        """The elements (JSON) that these instances were expanded with."""
        ...

    def outcome(self, run: str) -> str:
        """The state that a run will end in, once all tasks of its main part have ended."""
        ...

    def row_of(self, run: str, node: int, place: int) -> int:
        """The row of an instance of a `for` task."""
        ...

    def state_of(self, run: str, node: int) -> str:
        """The state of a task."""
        ...

    def size_of(self, run: str, node: int) -> int:
        """How many instances a `for` task has."""
        ...

    def gather(self, run: str, node: int, most: int | None = None) -> list[str]:
        """The results of a `for` task's succeeded instances, in the order of its list. Raises TooLarge where they have more than `most`
        characters together."""
        ...

    def run(self, run: str) -> RunRecord:
        """Raises UnknownRun. `run` may be an unambiguous prefix of an id."""
        ...

    def records(self, runs: Collection[str]) -> dict[str, RunRecord | Unreadable]:
        """Those of these runs that are there, by id."""
        ...

    def runs(self, filter_: RunFilter, damaged: Callable[[Unreadable], None] | None = None) -> list[RunRecord]:
        """Newest first. `damaged` hears of each run that cannot be read, which is left out; without it the first of them is raised."""
        ...

    def run_of_key(self, key: str, namespace: str = "default") -> str | None:
        """The run that was submitted with this idempotency key."""
        ...

    def newest(self) -> str | None:
        """The id of the newest run, whatever it is; None where there is none."""
        ...

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan:
        """The plan of this content, with the workflow that a run is of as its entry."""
        ...

    def bundle(self, plan_hash: str) -> str:
        """The text that the plan was submitted with."""
        ...

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        """The rows of a run. Their elements and results, which may be large, are in them with `values` alone."""
        ...

    def tallies(self, run: str) -> list[Tally]:
        """The rows of a run, counted: what is needed to say how it went, in the memory that its nodes take and not its instances."""
        ...

    def overrides(self, run: str) -> dict[int, dict[str, Any]]:
        """By row, the values that replays have given: JSON by name."""
        ...

    def census(self) -> Census:
        """Over millions of runs it takes long."""
        ...

    def attempts(self, run: str, seq: int) -> list[AttemptRecord]: ...

    def events(self, run: str, after: int) -> list[Event]: ...

    def last_event(self, run: str) -> int:
        """The id of the newest event of a run, found without reading those before; 0 where there is none."""
        ...

    def events_of(self, after: Mapping[str, int]) -> dict[str, list[Event]]:
        """Of each of these runs what came after an event; runs without any are left out. One round trip."""
        ...

    @property
    def letters(self) -> "Letters":
        """The dead letters."""
        ...

    @property
    def notices(self) -> "Notices":
        """What people are to be told, and the rules that say so."""
        ...

    @property
    def access(self) -> "Access":
        """Tokens, sessions and the audit log."""
        ...

    def close(self) -> None: ...
