"""The rows of one live run, and the changes that concern one row alone: claimed, started, ready again, suspended.

Rows are numbered densely: row i < N is task i of the workflow (for a `for` task, the row of the group), rows from N on are
instances, contiguous for each `for`. There are four small arrays and sparse tables for what is in flight, so that 100,000 tasks fit
easily; results stay in the store. A method that changes a row notes it in `dirty` (or `born`): all that a store must write.
"""

import math

from flow_lang.named import NamedTuple

from flow_engine import states
from flow_engine.decisions.shape import PHASE, Shape
from flow_engine.model import Awaits

GO, SKIP, DOOM = "go", "skip", "doom"
BADNESS = [states.CANCELLED, states.UPSTREAM_FAILED, states.FAILED]
LAST_PHASE = max(PHASE.values())


class Flight(NamedTuple):
    worker: str
    claimed_at: float


class Rows:
    CHUNK = 250
    """Instances that one transaction makes of a `for`."""

    def __init__(self, run: str, shape: Shape) -> None:
        count = len(shape.workflow.tasks)
        self.run = run
        self.shape = shape
        self.node = list(range(count))
        self.state = [states.BLOCKED] * count
        self.attempt = [0] * count
        self.unmet = list(shape.unmet)
        self.base = [0] * count
        self.size = [-1] * count
        self.flight: dict[int, Flight] = {}
        self.due: dict[int, float] = {}
        self.deadline: dict[int, float] = {}
        self.awaiting: dict[int, Awaits] = {}
        self.failures: dict[int, int] = {}
        self.losses: dict[int, int] = {}
        self.skip_due: set[int] = set()
        self.worst: dict[int, str] = {}
        self.done: list[tuple[float, int, int]] = []
        """When what can be undone has succeeded: (time, node, row). In one transaction the order is that of the tasks."""
        self.undoing: int | None = None
        """The row that undoes now."""
        self.at = 0.0
        """The time of the transaction."""
        self.open = count
        self.left = list(shape.counts)
        self.phase = 0
        self.cancelling = ""
        """`asked` or `timeout` where the run is being cancelled."""
        self.running = False
        """The store knows that it runs."""
        self.failing = False
        """A task has failed, and the workflow is to fail fast."""
        self.dirty: dict[int, None] = {}
        self.born: list[range] = []
        self.unborn: dict[int, int] = {}
        """How many instances each `for` has that is not to have all of them yet. The rows of the others are reserved."""
        self.lists: dict[int, list[str]] = {}
        """The elements of each `for` whose instances are being made, as JSON texts."""
        self.ready: list[int] = []
        self._ended: list[int] = []

    # -- what a store or a worker asks

    def group_of(self, row: int) -> int | None:
        """The group's row where `row` is an instance."""
        return self.node[row] if row >= len(self.shape.children) else None

    def place_of(self, row: int) -> int | None:
        return row - self.base[self.node[row]] if row >= len(self.shape.children) else None

    def expands(self, row: int) -> bool:
        return row < len(self.shape.loops) and self.shape.loops[row]

    def is_free(self, row: int) -> bool:
        """Whether a start of this row is held back by nothing that others have. A `for` that gets its list and a suspended task that is
        looked at run no body."""
        shape, node = self.shape, self.node[row]
        return shape.free[node] or (row == node and shape.loops[node]) or row in self.awaiting

    def labels(self, row: int) -> tuple[str, ...]:
        """What a worker must have to run this row. A list, and a suspended task that is looked at, are decided by whoever owns the run."""
        found = self.shape.labels
        return () if not found or self.expands(row) or row in self.awaiting else found[self.node[row]]

    def stops(self, row: int) -> bool:
        """Whether this row is of the part of the run that is being ended. What handles a failure or a cancellation goes on."""
        return bool(self.cancelling or self.failing) and self.shape.phase[self.node[row]] == 0

    def outcome(self) -> str:
        """The state of the run, once `open` is zero. A cancellation that came too late to end anything changes nothing; nor does one
        that came when the run had failed fast, since then a failure ended what was cancelled."""
        if self.cancelling and not self.failing and self._cut_short():
            return states.FAILED if self.cancelling == "timeout" else states.CANCELLED
        return states.FAILED if self.broken() else states.SUCCEEDED

    def _cut_short(self) -> bool:
        phase = self.shape.phase
        static = zip(self.state, phase, strict=False)
        ended = [row for row, (state, number) in enumerate(static) if state == states.CANCELLED and number == 0]
        return any(not self._useless(row) for row in ended) or any(
            state == states.CANCELLED and phase[node] == 0
            for state, node in zip(self.state[len(phase) :], self.node[len(phase) :], strict=True)
        )

    def _useless(self, row: int) -> bool:
        """Whether this is a `wait` that was ended because a failure had ended all that needs it."""
        if self.shape.workflow.tasks[row].body.kind != "wait":
            return False
        after = [self.state[edge.child] for edge in self.shape.children[row]]
        return states.UPSTREAM_FAILED in after and states.CANCELLED not in after

    def broken(self) -> bool:
        """Whether a task has failed that is not optional."""
        return any(
            state in (states.FAILED, states.UPSTREAM_FAILED) and not task.optional
            for state, task in zip(self.state, self.shape.workflow.tasks, strict=False)
        )

    def verdict(self, parent: int, how: str, skip_ok: bool) -> str:
        """What the end of `parent` means for a task behind an edge of this kind."""
        state = self.state[parent]
        if how == "ended":
            return GO
        if how == "failure":
            return GO if state == states.FAILED else SKIP
        failed_softly = state == states.FAILED and self.shape.workflow.tasks[self.node[parent]].optional
        if state == states.SUCCEEDED:
            return GO
        if state == states.SKIPPED or failed_softly:
            return GO if how == "order" or skip_ok else SKIP
        return DOOM

    def note_worst(self, row: int) -> None:
        """Counts the end of an instance towards the end of its group."""
        node, state = self.node[row], self.state[row]
        if state in BADNESS and not (state == states.FAILED and self.shape.workflow.tasks[node].optional):
            self.worst[node] = max(self.worst.get(node, state), state, key=BADNESS.index)

    @property
    def is_restless(self) -> bool:
        """Whether it goes on though nobody claims or completes anything: instances are to be made, or what a restore found is to be
        written (all parents of a row had ended, and one was skipped, say)."""
        return bool(self.unborn or self.dirty)

    def is_born(self, instance: int) -> bool:
        node = self.node[instance]
        return node not in self.unborn or instance - self.base[node] < self.unborn[node]

    def items_of(self, span: range) -> list[str] | None:
        """The elements of new instances; None where they are results of an aligned `for`."""
        node = self.node[span.start]
        items, since = self.lists.get(node), span.start - self.base[node]
        return None if items is None else items[since : since + len(span)]

    # -- changes

    def claim(self, row: int, worker: str, now: float) -> bool:
        """False where the hint was stale: the row is not ready, or not due yet."""
        if not self.claimable(row, now):
            return False
        self.state[row] = states.CLAIMED
        self.dirty[row] = None
        self.due.pop(row, None)
        if row not in self.awaiting:
            self.attempt[row] += 1
        self.flight[row] = Flight(worker, now)
        return True

    def claimable(self, row: int, now: float) -> bool:
        state = self.state[row]
        return (state == states.READY or state == states.WAITING) and self.due.get(row, 0.0) <= now

    def started(self, row: int, attempt: int, worker: str) -> bool:
        if not self._holds(row, attempt, worker) or self.state[row] != states.CLAIMED:
            return False
        self._move(row, states.RUNNING)
        return True

    def wake(self, row: int) -> bool:
        """Something may have come that a suspended row waits for: whoever claims it looks. False where it waits for nothing."""
        if self.state[row] != states.WAITING or row not in self.awaiting:
            return False
        self.due[row] = 0.0
        return True

    def _holds(self, row: int, attempt: int, worker: str) -> bool:
        flight = self.flight.get(row)
        return flight is not None and flight.worker == worker and self.attempt[row] == attempt

    def _move(self, row: int, state: str) -> None:
        if state not in states.TRANSITIONS[self.state[row]]:
            raise states.IllegalTransition(f"{self.run}:{row}: {self.state[row]} -> {state}")
        self.state[row] = state
        self.dirty[row] = None

    def _make_ready(self, row: int, now: float, due: float = 0.0) -> None:
        """`due` in the future makes it wait: a retry delay, or the task's own start delay."""
        task = self.shape.workflow.tasks[self.node[row]]
        if not self.expands(row):
            if task.delay and self.attempt[row] == 0:
                due = now + task.delay
            if task.deadline is not None and row not in self.deadline:
                self.deadline[row] = now + task.deadline
        if due > now:
            self._move(row, states.WAITING)
            self.due[row] = due
        else:
            self._move(row, states.READY)
        self.ready.append(row)

    def _suspend(self, row: int, awaits: Awaits) -> None:
        self._move(row, states.WAITING)
        self.awaiting[row] = awaits
        self.due[row] = math.inf if awaits.due is None else awaits.due
        if awaits.due is not None:
            self.ready.append(row)

    def _settle(self, row: int, state: str) -> None:
        """Puts the row into a final state; what follows from that is told when the graph drains."""
        self._move(row, state)
        self.due.pop(row, None)
        self.awaiting.pop(row, None)
        self.skip_due.discard(row)
        node, shape = self.node[row], self.shape
        if row == node:
            self.open -= 1
            self.left[shape.phase[node]] -= 1
        if shape.undo[node] >= 0 and state == states.SUCCEEDED and not self.expands(row):
            self.done.append((self.at, node, row))
        self._ended.append(row)
