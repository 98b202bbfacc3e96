"""What must hold of the rows of a run, whatever happened. Written from the promises alone: it shares no code with the decisions."""

from flow_engine import states
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.retry import LOSSES
from flow_engine.model import RunRecord, TaskRecord
from flow_lang.plan import PHASES, Need, Plan, Task

BEGUN = frozenset(
    {
        states.READY,
        states.WAITING,
        states.CLAIMED,
        states.RUNNING,
        states.EXPANDING,
        states.SUCCEEDED,
        states.FAILED,
    }
)
"""States that a row is in only after its parents let it go. (A skipped or cancelled row may never have been let go.)"""


class Violation(AssertionError):
    """A promise of the engine that does not hold."""


def check_rows(plan: Plan, rows: list[TaskRecord], reopened: bool = False) -> None:
    """`reopened`: the run was tried again from what had failed, which begins attempts that no row counts."""
    _Rows(plan, rows, reopened).check()


def check_graph(plan: Plan, rows: list[TaskRecord], graph: RunGraph) -> None:
    """The live graph says what the rows say, and its counters are what they count."""
    sheet = _Rows(plan, rows)
    seqs = [row.seq for row in rows]
    states_, attempts = [row.state for row in rows], [row.attempt for row in rows]
    _require([graph.state[seq] for seq in seqs] == states_, "the live graph and the rows disagree about states")
    _require([graph.attempt[seq] for seq in seqs] == attempts, "the live graph and the rows disagree about attempts")
    reserved = set(range(len(graph.state))) - set(seqs)
    _require({graph.state[seq] for seq in reserved} <= {states.BLOCKED}, "an instance without a row is not blocked")
    cursors = {row.seq: row.cursor for row in rows if row.cursor is not None}
    _require(graph.unborn == cursors, "the live graph and the rows disagree about instances that are to be made")
    static = rows[: len(sheet.tasks)]
    _require(graph.open == sum(row.state not in states.FINAL for row in static), "`open` is not what is unfinished")
    for row in rows:
        if row.state == states.BLOCKED:
            waits = sum(not sheet.settled(row, need) for need in sheet.needs(row))
            _require(graph.unmet[row.seq] == waits, f"row {row.seq}: unmet {graph.unmet[row.seq]}, waits for {waits}")
            _require(waits > 0 or sheet.has_no_turn(row), f"row {row.seq} is blocked by nothing")
        if row.state == states.EXPANDING:
            left = sum(item.state not in states.FINAL for item in sheet.instances(row.node))
            left += 0 if row.cursor is None else (row.size or 0) - row.cursor
            _require(graph.unmet[row.seq] == left, f"group {row.seq}: unmet {graph.unmet[row.seq]}, {left} unfinished")
            _require(left > 0, f"group {row.seq} waits for no instance")
    flying = {row.seq for row in rows if row.state in states.IN_FLIGHT}
    _require(set(graph.flight) == flying, "the live graph and the rows disagree about what is in flight")


def check_end(plan: Plan, record: RunRecord, rows: list[TaskRecord]) -> None:
    """A run that has ended: everything has, and its state follows from its tasks' states."""
    open_rows = [row.seq for row in rows if row.state not in states.FINAL]
    _require(not open_rows, f"the run has ended and rows {open_rows} have not")
    tasks = plan.workflow.tasks
    broken = any(
        row.state in (states.FAILED, states.UPSTREAM_FAILED) and not tasks[row.node].optional
        for row in rows[: len(tasks)]
    )
    expected = {states.FAILED if broken else states.SUCCEEDED}
    if record.cancel_requested_at is not None:
        expected.add(states.CANCELLED)  # the request may have come too late
    elif (
        any(row.state == states.CANCELLED and tasks[row.node].body.kind != "wait" for row in rows)
        and not plan.workflow.fail_fast
    ):
        raise Violation("a task is cancelled in a run that nobody cancelled")
    _require(record.state in expected, f"the run is {record.state}, its tasks make it {expected}")
    _require(record.owner is None, "a run that has ended still has an owner")


class _Rows:
    """The rows of one run, with what the plan says of each."""

    def __init__(self, plan: Plan, rows: list[TaskRecord], reopened: bool = False) -> None:
        self.tasks = plan.workflow.tasks
        self._reopened = reopened
        self.rows = rows
        self.number = {task.name: i for i, task in enumerate(self.tasks)}
        self._instances: dict[int, list[TaskRecord]] = {}
        for row in rows[len(self.tasks) :]:
            self._instances.setdefault(row.node, []).append(row)

    def check(self) -> None:
        seqs = [row.seq for row in self.rows]
        growing = any(row.cursor is not None for row in self.rows)
        _require(seqs == (sorted(seqs) if growing else list(range(len(seqs)))), "rows are not dense")
        for row in self.rows:
            self._check_counts(row)
            if row.state in BEGUN:
                held = [need.task for need in self.needs(row) if not self._well(row, need)]
                _require(not held, f"row {row.seq} is {row.state} before {held} ended well")
                self._check_phase(row)
            if row.state == states.UPSTREAM_FAILED:
                _require(any(self._doomed(row, need) for need in self.needs(row)) or self._is_group(row), "no reason")
        begun = BEGUN - states.FINAL - {states.EXPANDING}
        undoing = [row.seq for row in self.rows if self._phase(row) == 1 and row.state in begun]
        _require(len(undoing) <= 1, f"rows {undoing} undo at the same time")
        for node, task in enumerate(self.tasks):
            if task.loop:
                self._check_group(self.rows[node])

    def has_no_turn(self, row: TaskRecord) -> bool:
        """It is blocked because a phase before its own goes on, or because another row is undone first."""
        return self._phase(row) == 1 or self._before_is_open(row)

    def _check_phase(self, row: TaskRecord) -> None:
        _require(not self._before_is_open(row), f"row {row.seq} is {row.state} before its phase")
        task = self.tasks[row.node]
        if task.phase == "undo" and row.state != states.EXPANDING and not self._is_group(row):
            node = self.number[task.of]
            done = self.rows[node] if row.place is None else self.instances(node)[row.place]
            _require(done.state == states.SUCCEEDED, f"row {row.seq} undoes row {done.seq}, which is {done.state}")

    def _before_is_open(self, row: TaskRecord) -> bool:
        phase = self._phase(row)
        return any(
            PHASES.index(task.phase) < phase and other.state not in states.FINAL
            for task, other in zip(self.tasks, self.rows, strict=False)
        )

    def _phase(self, row: TaskRecord) -> int:
        return PHASES.index(self.tasks[row.node].phase)

    def needs(self, row: TaskRecord) -> list[Need]:
        needs = self.tasks[row.node].needs
        return [need for need in needs if need.how == "element"] if row.place is not None else list(needs)

    def instances(self, node: int) -> list[TaskRecord]:
        return self._instances.get(node, [])

    def settled(self, row: TaskRecord, need: Need) -> bool:
        """Whether this edge holds the row back no more."""
        parent = self._parent(row, need)
        if need.how == "element" and row.place is None and self.rows[self.number[need.task]].size is not None:
            return True
        return parent is not None and parent.state in states.FINAL

    def _parent(self, row: TaskRecord, need: Need) -> TaskRecord | None:
        node = self.number[need.task]
        if row.place is None:
            return self.rows[node]
        instances = self.instances(node)
        return instances[row.place] if row.place < len(instances) else None

    def _well(self, row: TaskRecord, need: Need) -> bool:
        parent = self._parent(row, need)
        if parent is None:
            return False
        if need.how == "ended":
            return parent.state in states.FINAL
        if need.how == "element" and row.place is None and parent.size is not None:
            return True
        softly = parent.state == states.FAILED and self.tasks[parent.node].optional
        if parent.state == states.SKIPPED or softly:
            without_list = need.how == "element" and row.place is None
            return need.how == "order" or (need.skip_ok and not without_list)
        return parent.state == states.SUCCEEDED

    def _doomed(self, row: TaskRecord, need: Need) -> bool:
        parent = self._parent(row, need)
        if parent is None or (need.how == "element" and row.place is None and parent.size is not None):
            return False
        softly = parent.state == states.FAILED and self.tasks[parent.node].optional
        return parent.state in (states.FAILED, states.UPSTREAM_FAILED, states.CANCELLED) and not softly

    def _is_group(self, row: TaskRecord) -> bool:
        return row.place is None and row.size is not None

    def _check_counts(self, row: TaskRecord) -> None:
        task: Task = self.tasks[row.node]
        _require(row.failures <= task.retry.retries + 1, f"row {row.seq} failed {row.failures} times")
        _require(row.losses <= LOSSES + 1, f"row {row.seq} was lost {row.losses} times")
        caused = row.attempt <= row.failures + row.losses + 1 or self._reopened
        _require(caused, f"row {row.seq}: attempt {row.attempt} has no cause")
        _require(
            (row.worker is not None) == (row.state in states.IN_FLIGHT), f"row {row.seq}: {row.state}, {row.worker}"
        )
        _require((row.finished_at is not None) == (row.state in states.FINAL), f"row {row.seq}: time of its end")

    def _check_group(self, group: TaskRecord) -> None:
        instances = self.instances(group.node)
        made = (group.size or 0) if group.cursor is None else group.cursor
        _require(len(instances) == made, f"group {group.seq}: {made} of {group.size}, has {len(instances)} rows")
        _require([row.place for row in instances] == list(range(len(instances))), "places are not in order")
        seqs = [row.seq for row in instances]
        _require(seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True, "instances are not contiguous")
        ended = group.cursor is None and all(row.state in states.FINAL for row in instances)
        if group.size is None:
            return
        _require((group.state in states.FINAL) == ended, f"group {group.seq} is {group.state}")
        bad = {row.state for row in instances} & {states.FAILED, states.UPSTREAM_FAILED, states.CANCELLED}
        if self.tasks[group.node].optional:
            bad.discard(states.FAILED)
        if group.state in states.FINAL:
            expected = bad or {states.SUCCEEDED}
            _require(group.state in expected, f"group {group.seq} is {group.state}, its instances make it {expected}")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Violation(message)
