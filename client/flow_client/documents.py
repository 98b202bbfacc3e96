"""The JSON documents that the server answers, as types. Times are ISO 8601 texts in UTC; results are JSON as people see it.

The server makes the schemas of its OpenAPI document of them. Fields may be added to each of them at any time.
"""

import sys
from typing import Any, Literal, NotRequired

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict  # pydantic reads those of 3.11 not at all

RunState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
TaskState = Literal[
    "blocked",
    "ready",
    "claimed",
    "running",
    "waiting",
    "expanding",
    "succeeded",
    "failed",
    "skipped",
    "cancelled",
    "upstream_failed",
]


class AwaitsDocument(TypedDict):
    """What a task waits for: an `event` or an `approval` by its name, a `timer`, or a `child` run."""

    kind: str
    name: str
    text: str
    until: str | None


class TaskDocument(TypedDict):
    """`key` is a task's name, or `fetch[3]` for an instance of a `for`; `instances` is how many one has. `override` is what a replay has
    set, `cached_from` the run that the result was taken from."""

    key: str
    state: TaskState
    attempt: int
    started_at: str | None
    finished_at: str | None
    result: Any
    error: dict[str, Any] | None
    instances: NotRequired[int]
    waits_for: NotRequired[str]
    cached_from: NotRequired[str]
    override: NotRequired[dict[str, Any]]
    awaits: NotRequired[AwaitsDocument]


class TaskOfRun(TaskDocument):
    run: str


class RunSummary(TypedDict):
    """A run without its tasks. `parent` is the run whose child it is, `start_at` when one that is queued was told to start."""

    run: str
    workflow: str
    state: RunState
    created_at: str
    started_at: str | None
    finished_at: str | None
    params: dict[str, Any]
    result: Any
    error: dict[str, Any] | None
    priority: int
    labels: list[str]
    cancel_requested_at: str | None
    start_at: str | None
    parent: NotRequired[str]


class RunDocument(RunSummary):
    """A run with its first tasks; `next_tasks` is the cursor of the others, or null."""

    tasks: list[TaskDocument]
    next_tasks: int | None


class RunsPage(TypedDict):
    """Newest first; `next_cursor` is the `cursor` of the next page, and null at the end. `damaged` tells of runs that cannot be read."""

    runs: list[RunSummary]
    next_cursor: str | None
    damaged: list[str]


class TasksPage(TypedDict):
    run: str
    tasks: list[TaskDocument]
    next_cursor: int | None


class ResultDocument(TypedDict):
    run: str
    state: RunState
    result: Any
    error: dict[str, Any] | None


class SubmittedRun(TypedDict):
    """`created` is false where the idempotency key gave an earlier run."""

    run: str
    created: bool


class SubmittedRuns(TypedDict):
    """In the order in which they were asked for."""

    runs: list[SubmittedRun]


class ReusedTask(TypedDict):
    """`reason` says why it runs again; empty where its result is taken over."""

    task: str
    reused: bool
    reason: str


class Difference(TypedDict):
    """What an edited workflow would take over; `again` says whether something of its main part runs again."""

    run: str
    tasks: list[ReusedTask]
    removed: list[str]
    again: bool


class BulkRun(TypedDict):
    """`refusal` says why it was not done."""

    run: str
    done: bool
    refusal: str


class BulkDocument(TypedDict):
    """`next_cursor` is the `cursor` of those that are left, or null."""

    runs: list[BulkRun]
    matched: int
    done: int
    next_cursor: str | None


class RowsPage(TypedDict):
    """A run and its rows as the engine has them."""

    record: dict[str, Any]
    rows: list[dict[str, Any]]
    next_cursor: int | None


class PlanDocument(TypedDict):
    """`plan` is all that the run was submitted with, and `workflow` the one of it that it is of."""

    run: str
    plan_hash: str
    workflow: str
    plan: dict[str, Any]


class WhyDocument(TypedDict):
    """Lines, the reason first."""

    run: str
    task: str
    state: TaskState
    why: list[str]


class ApprovalDocument(TypedDict):
    """What was answered: the question of this task."""

    run: str
    task: str
    text: str
    approved: bool


class Taker(TypedDict):
    run: str
    task: str


class SignalDocument(TypedDict):
    """`takers` wait for the event now; `open` are the events that are waited for."""

    run: str
    takers: list[Taker]
    open: list[str]


class DiagnosticDocument(TypedDict):
    """Lines and columns count from 1."""

    code: str
    severity: str
    message: str
    hint: str
    file: str
    line: NotRequired[int]
    column: NotRequired[int]
    end_line: NotRequired[int]
    end_column: NotRequired[int]


class CheckDocument(TypedDict):
    """`ok` says whether the source could run; there may be warnings all the same."""

    ok: bool
    diagnostics: list[DiagnosticDocument]


class FolderDocument(TypedDict):
    """`folder` is the SHA-256 of its archive."""

    folder: str


class ScheduleDocument(TypedDict):
    """`held` are instants that stand in line behind a run."""

    schedule: str
    workflow: str
    plan_hash: str
    cron: str
    tz: str
    overlap: str
    catchup: str
    created_at: str
    paused_at: str | None
    last_fired_at: str | None
    next_at: str | None
    overdue_since: str | None
    held: list[str]


class ChangedSchedule(ScheduleDocument):
    """`changed` is false where it was so already."""

    changed: bool


class VersionDocument(TypedDict):
    """A deployed workflow as it was at a time; the highest `version` is the one that its name stands for."""

    workflow: str
    namespace: str
    version: int
    plan_hash: str
    deployed_at: str


class DeployedDocument(VersionDocument):
    schedule: ScheduleDocument | None


class ParameterDocument(TypedDict):
    """`type` as the language writes it; without a default it has to be given."""

    name: str
    type: str
    required: bool
    doc: str


class WorkflowDocument(DeployedDocument):
    """`versions`: the newest of them; `source` is the text of its file."""

    params: list[ParameterDocument]
    versions: list[VersionDocument]
    file: str
    source: str


class WorkflowsDocument(TypedDict):
    workflows: list[VersionDocument]


class SchedulesDocument(TypedDict):
    schedules: list[ScheduleDocument]


class FilledInstant(TypedDict):
    """With `dry_run`, the instant alone."""

    instant: str
    run: NotRequired[str]
    created: NotRequired[bool]


class BackfillDocument(TypedDict):
    schedule: str
    runs: list[FilledInstant]


class PoolDocument(TypedDict):
    name: str
    slots: int


class PoolsDocument(TypedDict):
    pools: list[PoolDocument]


class WorkerDocument(TypedDict):
    """`labels` where the state is one that many hosts share."""

    worker: str
    labels: NotRequired[list[str]]


class WorkersDocument(TypedDict):
    workers: list[WorkerDocument]


class LetterTask(TypedDict):
    key: str
    name: str
    place: int | None
    seq: int


class LetterDocument(TypedDict):
    """A task that failed for good, as it is exported, with what became of the letter."""

    version: int
    id: str
    namespace: str
    workflow: str
    plan: str
    run: str
    labels: list[str]
    task: LetterTask
    attempt: int
    error: dict[str, Any]
    failed_at: str
    replayed_at: str | None
    topic: str
    state: Literal["open", "replayed", "dropped"]
    dropped_at: str | None
    exported_at: str | None


class DroppedLetter(LetterDocument):
    """`changed` is false where it was not open."""

    changed: bool


class LettersPage(TypedDict):
    """Newest first; `next` is the `cursor` of the next page, and null at the end."""

    letters: list[LetterDocument]
    next: int | None


class ReplayedRun(TypedDict):
    """So many tasks of a run are tried again, or `refusal` says why none is."""

    run: str
    letters: list[str]
    tasks: int
    refusal: str


class ReplayedRuns(TypedDict):
    runs: list[ReplayedRun]


class HealthDocument(TypedDict):
    status: Literal["ok"]
    version: str


class ReadyDocument(TypedDict):
    """What was looked at: `state`, and `queue` and `storage` where there are any."""

    status: Literal["ready"]
    parts: list[str]


class ProblemDocument(TypedDict):
    """RFC 9457: `type` names the sort of problem, `detail` is this one in words. Some sorts have a member more."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    field: NotRequired[str]
    diagnostics: NotRequired[list[DiagnosticDocument]]
    run: NotRequired[str]
    state: NotRequired[str]
    folder: NotRequired[str]
    limit_bytes: NotRequired[int]
    reasons: NotRequired[dict[str, str]]
    scope: NotRequired[str]
    namespace: NotRequired[str]
    executor: NotRequired[str]
