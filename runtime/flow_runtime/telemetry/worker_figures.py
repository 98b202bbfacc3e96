"""What a worker counts, on its own thread; the figures outlive the engines that it starts one after the other."""

from collections import Counter, defaultdict

from flow_engine.model import Cancelled, Completion, Failed, Lost, Outcome, Skipped, Succeeded

from flow_runtime.executors.contract import DECIDED
from flow_runtime.telemetry.tally import CALLS, BoundedNames, Distribution

_NAMES = {Failed: "failed", Skipped: "skipped", Cancelled: "cancelled", Lost: "lost"}


class TaskFigures:
    """Of all tasks of one kind in one workflow. `ends` are attempts by how they ended, `codes` failed ones by code. `delay`: from ready to
    start; `duration`: from start to end. A kind that has no body (a wait, a child run) takes no time that tells anything."""

    __slots__ = ("codes", "delay", "duration", "ends", "has_body")

    def __init__(self, has_body: bool = True) -> None:
        self.has_body = has_body
        self.ends: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.delay = Distribution()
        self.duration = Distribution()

    def end(self, done: Completion, ready_at: float) -> None:
        """The end of an attempt that was accepted."""
        ended = end_of(done.outcome)
        if not ended:
            return
        self.ends[ended] += 1
        if isinstance(done.outcome, Failed):
            self.codes[code_of(done.outcome)] += 1
        if self.has_body and ended in ("succeeded", "failed") and done.started_at is not None:
            self.delay.add(max(done.started_at - ready_at, 0.0))
            self.duration.add(max((done.finished_at or done.started_at) - done.started_at, 0.0))


class WorkerFigures:
    """`tasks` by workflow and kind, `runs` that ended by workflow and state, `calls` of the database and of Redis by operation."""

    def __init__(self) -> None:
        self.tasks: dict[tuple[str, str], TaskFigures] = {}
        self.runs: Counter[tuple[str, str]] = Counter()
        self.run_seconds: defaultdict[str, Distribution] = defaultdict(Distribution)
        self.taken_over = 0
        """Runs of workers that had died, which this one has taken over."""
        self.refused = 0
        """Ends of attempts that were not accepted: another attempt, or another worker, has the task."""
        self.lost = 0
        """Times that it was told that runs of its own had been taken over."""
        self.lives = 0
        """Engines that it has started, the first included."""
        self.database: defaultdict[str, Distribution] = defaultdict(lambda: Distribution(CALLS))
        self.redis: defaultdict[str, Distribution] = defaultdict(lambda: Distribution(CALLS))
        self.workflow = BoundedNames()

    def of(self, workflow: str, kind: str) -> TaskFigures:
        key = (self.workflow(workflow), kind)
        if key not in self.tasks:
            self.tasks[key] = TaskFigures(kind not in DECIDED)
        return self.tasks[key]


def end_of(outcome: Outcome) -> str:
    """How an attempt has ended; nothing where it goes on, was none (the list of a `for`), or never started."""
    if isinstance(outcome, Succeeded):
        return "cached" if outcome.cache is not None and outcome.cache.hit else "succeeded"
    return _NAMES.get(type(outcome), "")


def code_of(outcome: Failed) -> str:
    """Its code, of which there are few: exit codes are one."""
    return "exit" if outcome.code.startswith("exit_") else outcome.code
