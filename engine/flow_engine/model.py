"""What the engine's parts tell each other: claims, completions, records. Plain tuples; times are seconds since the epoch.

Results, items and errors travel as JSON texts, so that the hot path never decodes what it only passes on.
"""

from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.plan import Plan


class TaskRef(NamedTuple):
    """A task of a run. `seq` is dense in the run: the plan's tasks first, then the instances of each `for` in the order of expansion."""

    run: str
    seq: int


class Hint(NamedTuple):
    """ "This task may be claimed from `due` on." A hint decides nothing: the store does. `rank` orders hints that are due, lowest first.
    `alarm`: the task is suspended, and somebody is to look at it (`Report.wakes`), which needs no slot. `attempt`: how many attempts the
    task has had, where the queue is shared and must tell a hint from an older one of the same task. `labels`: what a worker must have to run
    its body."""

    due: float
    rank: float
    task: TaskRef
    alarm: bool = False
    attempt: int = 0
    labels: tuple[str, ...] = ()


class Awaits(NamedTuple):
    """What a suspended task waits for. `kind` and `name`: `event` and its name, `approval` and the task's key, `timer` (nothing but
    `due`), `child` and the run's id. `text` is for people: the question of an approval. `due`: when it is over without that."""

    kind: str
    name: str = ""
    text: str = ""
    due: float | None = None


class Claim(NamedTuple):
    """A durable right to run one attempt. `place` is the instance's position in its `for`, None for a plain task; `expands` says that
    the claim is for the `for` itself: find its list and complete with `Expanded`. `awaits`: it goes on with a suspended attempt, because
    what it waits for may have come, or its time is over. `deadline`: the task, with all its attempts, ends by then."""

    task: TaskRef
    attempt: int
    node: int
    place: int | None
    expands: bool
    awaits: Awaits | None = None
    deadline: float | None = None


class CacheEntry(NamedTuple):
    """How a result may be used again: `digest` is its key, `components` (JSON) what that is made of, `ttl` seconds. `hit` names the run
    that the result was taken from; then there is nothing to keep."""

    digest: str
    task: str
    key: str
    components: str
    ttl: float | None = None
    hit: str = ""


class Succeeded(NamedTuple):
    result: str | None
    cache: CacheEntry | None = None


class Cached(NamedTuple):
    """A result that was kept."""

    run: str
    result: str
    components: str
    created_at: float


class Failed(NamedTuple):
    """`code` is what `retry(on = [...])` names: exit_1, timeout, exception, type_mismatch and so on;
    `error` is JSON for people and for the dead letter. `after`: seconds that another attempt waits at least, because the other side
    has asked for it."""

    code: str
    error: str
    retryable: bool = True
    after: float = 0.0


class Skipped(NamedTuple):
    reason: str


class Expanded(NamedTuple):
    """The list of a `for` is known: `items` are its elements, or None where the elements are results of an aligned `for`."""

    size: int
    items: list[str] | None


class Suspended(NamedTuple):
    """The attempt goes on later, and holds no slot until then. `child` is a run to submit in the same transaction."""

    awaits: Awaits
    child: "NewRun | None" = None


class Released(NamedTuple):
    """Claimed and never started: goes back as it was."""


class Lost(NamedTuple):
    """Started on a worker or process that is gone: another attempt whatever `retry` says, at most LOSSES times."""

    reason: str


class Cancelled(NamedTuple):
    reason: str


Outcome = Succeeded | Failed | Skipped | Expanded | Suspended | Released | Lost | Cancelled


class Completion(NamedTuple):
    """The end of one attempt. It is accepted only while the task is in flight with this attempt and this worker (the fence)."""

    task: TaskRef
    attempt: int
    worker: str
    outcome: Outcome
    started_at: float | None = None
    finished_at: float | None = None
    log: str | None = None


class Started(NamedTuple):
    """Told lazily, for those who watch: the claim was durable before the body started."""

    task: TaskRef
    attempt: int
    worker: str
    started_at: float
    log: str | None


class RunEnd(NamedTuple):
    """The last write to a run: its result (JSON text), or why it has none."""

    run: str
    result: str | None
    error: str | None


class Ask(NamedTuple):
    """A task to be claimed for a worker that has room for it, has these labels, and does not own the run."""

    hint: Hint
    worker: str
    labels: tuple[str, ...] = ()


class Lent(NamedTuple):
    """A claim for another worker than the owner of the run."""

    worker: str
    claim: Claim


class Room(NamedTuple):
    """What a worker tells the owner of a run: it has room for so many of its tasks, and these labels."""

    run: str
    worker: str
    tasks: int
    labels: tuple[str, ...] = ()


class WorkerRecord(NamedTuple):
    """A worker that lives, or owns runs which have not ended; with the labels that it has told of itself."""

    worker: str
    labels: tuple[str, ...] = ()


class Tick(NamedTuple):
    """What one transaction did. `finishing` are the runs whose tasks have all ended: evaluate the result and send a RunEnd.
    `stopping` are runs that fail fast: end what runs of them. `again` is when to tick again at the latest, because something that
    was ready may not start yet (a full pool, a rate). `begun` are the child runs that began.
    `lent` are the claims for workers that asked; who gets none is to look for something else."""

    claims: list[Claim]
    ready: list[Hint]
    refused: list[TaskRef]
    finishing: list[str]
    stopping: list[str] = []  # noqa: RUF012
    again: float | None = None
    begun: "list[NewRun]" = []  # noqa: RUF012
    lent: list[Lent] = []  # noqa: RUF012


class NewRun(NamedTuple):
    """A run to submit, of the workflow `plan.entry`. `bundle` is the plan's text (`bundle_of`) and `plan_hash` its hash; `params` is
    JSON by name; `folder` is the absolute folder of the flow file; `parent` the task whose child run it is."""

    id: str
    plan_hash: str
    plan: Plan
    bundle: str
    params: dict[str, Any]
    folder: str
    created_at: float
    priority: int = 0
    labels: tuple[str, ...] = ()
    idempotency_key: str | None = None
    namespace: str = "default"
    owner: str | None = None
    parent: TaskRef | None = None
    based_on: str | None = None
    rows: "tuple[TaskRecord, ...]" = ()
    """What it takes over from the run `based_on`: all of its rows, where there are any. Such a run must be adopted by its owner too."""
    due: float = 0.0
    """Nothing of it starts before; not for one with `rows`."""

    @property
    def starts_at(self) -> float | None:
        """What stands as `reopened_at`: when it starts, where that is later than it was submitted."""
        return self.due if self.due > self.created_at and not self.rows else None


class InFlight(NamedTuple):
    """An attempt that a dead worker had when its run was adopted."""

    task: TaskRef
    attempt: int
    worker: str


class RunRecord(NamedTuple):
    id: str
    workflow: str
    plan_hash: str
    params: dict[str, Any]
    folder: str
    state: str
    priority: int
    labels: tuple[str, ...]
    created_at: float
    started_at: float | None
    finished_at: float | None
    cancel_requested_at: float | None
    owner: str | None
    result: str | None
    error: str | None
    namespace: str
    parent: str | None = None
    cancel_reason: str | None = None
    """Why it was cancelled: `asked`, or `timeout`, which makes it failed."""
    based_on: str | None = None
    """The run whose results it took over."""
    reopened_at: float | None = None
    """When it was last tried again from what had failed, or is to start where that is later than it was submitted: its timeout counts from there."""


class Signal(NamedTuple):
    """Something that was sent to a run: `kind` is `event` or `approval`, or `void` for an approval whose question is asked again;
    `payload` is JSON (true or false for an approval)."""

    kind: str
    name: str
    payload: str
    sent_at: float
    sent_by: str = ""


class TaskRecord(NamedTuple):
    seq: int
    node: int
    place: int | None
    state: str
    attempt: int
    failures: int
    losses: int
    worker: str | None
    ready_at: float | None
    claimed_at: float | None
    started_at: float | None
    finished_at: float | None
    item: str | None
    result: str | None
    error: str | None
    log: str | None
    size: int | None
    """For a `for`: how many instances it has, once that is known."""
    deadline_at: float | None = None
    awaits: str | None = None
    """JSON of `Awaits`, while it waits for something."""
    cache: str | None = None
    """JSON of `CacheEntry`, where the task has a cache."""
    cursor: int | None = None
    """For a `for` whose instances are being made: how many there are. Then its `item` is the list of all elements."""
    override: str | None = None
    """JSON of the values, by name, that a replay has given it in place of its own."""


class Tally(NamedTuple):
    """How many rows of a node are in a state: those of its instances, or its own one where it `is_whole`. `size` is that of a `for`."""

    node: int
    is_whole: bool
    state: str
    size: int | None
    rows: int


def unclaimed(
    seq: int, node: int, place: int | None, state: str, attempt: int = 0, size: int | None = None
) -> TaskRecord:
    """A row with no more than a place and a state."""
    return TaskRecord(
        seq,
        node,
        place,
        state,
        attempt,
        failures=0,
        losses=0,
        worker=None,
        ready_at=None,
        claimed_at=None,
        started_at=None,
        finished_at=None,
        item=None,
        result=None,
        error=None,
        log=None,
        size=size,
    )


class AttemptRecord(NamedTuple):
    seq: int
    attempt: int
    worker: str
    state: str
    claimed_at: float
    started_at: float | None
    finished_at: float
    error: str | None
    log: str | None
    override: str | None = None
    """As of its task, when the attempt ended."""


class Event(NamedTuple):
    """What one tick changed in one run: `changes` is `[[seq, state, attempt], ...]`, and `["run", state]`."""

    id: int
    at: float
    changes: list[Any]
