"""One live run: which tasks are ready, and what the end of one means for the others.

Rows are numbered densely: row i < N is task i of the workflow (for a `for` task, the row of the group), rows from N on are
instances, contiguous for each `for`. The graph holds four small arrays and sparse tables for what is in flight, so that 100,000
tasks fit easily; results stay in the store. A method that changes a row notes it in `dirty` (or `born`): all that a store must write.

A group goes blocked -> ready -> claimed -> expanding and ends with its last instance. All edges but `element` hold the group back;
an element edge holds back the group until the parent's list is known and then instance i until the parent's instance i has ended.
"""

from collections.abc import Callable
from typing import NamedTuple

from flow_engine import states
from flow_engine.decisions.retry import LOSSES, delay_after
from flow_engine.decisions.shape import Shape
from flow_engine.model import Cancelled, Expanded, Failed, Lost, Outcome, Released, Skipped, Succeeded

GO, SKIP, DOOM = "go", "skip", "doom"


class Flight(NamedTuple):
    worker: str
    claimed_at: float


class RunGraph:
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
        self.failures: dict[int, int] = {}
        self.losses: dict[int, int] = {}
        self.skip_due: set[int] = set()
        self.worst: dict[int, str] = {}
        self.open = count
        self.cancelling = False
        self.dirty: dict[int, None] = {}
        self.born: list[range] = []
        self.ready: list[int] = []
        self._ended: list[int] = []

    # -- what a store or a worker asks

    def group_of(self, row: int) -> int | None:
        """The group's row where `row` is an instance."""
        return self.node[row] if row >= len(self.shape.children) else None

    def place_of(self, row: int) -> int | None:
        return row - self.base[self.node[row]] if row >= len(self.shape.children) else None

    def expands(self, row: int) -> bool:
        return row < len(self.shape.children) and bool(self.shape.workflow.tasks[row].loop)

    def outcome(self) -> str:
        """The state of the run, once `open` is zero."""
        if self.cancelling:
            return states.CANCELLED
        failed = any(
            state in (states.FAILED, states.UPSTREAM_FAILED) and not task.optional
            for state, task in zip(self.state, self.shape.workflow.tasks, strict=False)
        )
        return states.FAILED if failed else states.SUCCEEDED

    def verdict(self, parent: int, how: str, skip_ok: bool) -> str:
        """What the end of `parent` means for a task behind an edge of this kind."""
        state = self.state[parent]
        failed_softly = state == states.FAILED and self.shape.workflow.tasks[self.node[parent]].optional
        if state == states.SUCCEEDED:
            return GO
        if state == states.SKIPPED or failed_softly:
            return GO if how == "order" or skip_ok else SKIP
        return DOOM

    def note_worst(self, row: int) -> None:
        """Counts the end of an instance towards the end of its group."""
        node, state = self.node[row], self.state[row]
        if state in _BADNESS and not (state == states.FAILED and self.shape.workflow.tasks[node].optional):
            self.worst[node] = max(self.worst.get(node, state), state, key=_BADNESS.index)

    # -- changes

    def start(self, now: float) -> None:
        """Makes the tasks ready that wait for nothing."""
        for row, unmet in enumerate(self.shape.unmet):
            if unmet == 0:
                self._make_ready(row, now)

    def claim(self, row: int, worker: str, now: float) -> bool:
        """False where the hint was stale: the row is not ready, or not due yet."""
        if self.state[row] not in (states.READY, states.WAITING) or self.due.get(row, 0.0) > now:
            return False
        self._move(row, states.CLAIMED)
        self.due.pop(row, None)
        self.attempt[row] += 1
        self.flight[row] = Flight(worker, now)
        return True

    def started(self, row: int, attempt: int, worker: str) -> bool:
        if not self._holds(row, attempt, worker) or self.state[row] != states.CLAIMED:
            return False
        self._move(row, states.RUNNING)
        return True

    def complete(
        self, row: int, attempt: int, worker: str, outcome: Outcome, now: float, draw: Callable[[], float]
    ) -> bool:
        """Applies the end of an attempt and all that follows from it. False: fenced, nothing was changed."""
        if not self._holds(row, attempt, worker):
            return False
        del self.flight[row]
        if isinstance(outcome, Expanded):
            self._expand(row, outcome.size, now)
        elif isinstance(outcome, Succeeded):
            self._end(row, states.SUCCEEDED, now)
        elif isinstance(outcome, Skipped):
            self._end(row, states.SKIPPED, now)
        elif isinstance(outcome, Cancelled) or self.cancelling:
            self._end(row, states.CANCELLED, now)
        elif isinstance(outcome, Released):
            self.attempt[row] -= 1
            self._make_ready(row, now)
        elif isinstance(outcome, Lost):
            self._lose(row, now)
        else:
            self._fail(row, outcome, now, draw)
        return True

    def cancel(self, now: float) -> None:
        """Ends every task that has not been claimed; those in flight end when their worker says so."""
        self.cancelling = True
        for row, state in enumerate(self.state):
            if state in (states.BLOCKED, states.READY, states.WAITING) and self.state[row] == state:
                self._end(row, states.CANCELLED, now)

    def release(self, now: float) -> None:
        """After a restore: lets go what waits for nothing any more."""
        for row, state in enumerate(self.state):
            if state == states.BLOCKED and self.unmet[row] == 0:
                self._unblock(row, now)
            elif state == states.EXPANDING and self.unmet[row] == 0:
                self._settle(row, self.worst.pop(row, states.SUCCEEDED))
        self._drain(now)

    # -- inside

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
        delay = self.shape.workflow.tasks[self.node[row]].delay
        if delay and self.attempt[row] == 0 and not self.expands(row):
            due = now + delay
        self._move(row, states.WAITING if due > now else states.READY)
        if due > now:
            self.due[row] = due
        self.ready.append(row)

    def _lose(self, row: int, now: float) -> None:
        self.losses[row] = self.losses.get(row, 0) + 1
        if self.losses[row] > LOSSES:
            self._end(row, states.FAILED, now)
        else:
            self._make_ready(row, now)

    def _fail(self, row: int, outcome: Failed, now: float, draw: Callable[[], float]) -> None:
        self.failures[row] = self.failures.get(row, 0) + 1
        policy = self.shape.workflow.tasks[self.node[row]].retry
        delay = delay_after(policy, self.failures[row], outcome.code, draw) if outcome.retryable else None
        if delay is None:
            self._end(row, states.FAILED, now)
        else:
            self._make_ready(row, now, now + delay)

    def _end(self, row: int, state: str, now: float) -> None:
        """Puts the row into a final state and tells whoever waits for it."""
        self._settle(row, state)
        self._drain(now)

    def _drain(self, now: float) -> None:
        """A loop and no recursion, since a chain of skipped tasks may be long."""
        while self._ended:
            ended = self._ended.pop()
            tell = self._tell_instances if ended >= len(self.shape.children) else self._tell_tasks
            tell(ended, now)

    def _settle(self, row: int, state: str) -> None:
        self._move(row, state)
        self.due.pop(row, None)
        self.skip_due.discard(row)
        if row < len(self.shape.children):
            self.open -= 1
        self._ended.append(row)

    def _tell_tasks(self, row: int, now: float) -> None:
        """A plain task or a whole `for` has ended."""
        for edge in self.shape.children[row]:
            if edge.how == "element" and self.size[row] >= 0:
                continue  # told instance by instance
            # without a list there is nothing to go on with, also where an instance may be absent
            skip_ok = edge.skip_ok and edge.how != "element"
            self._parent_ended(edge.child, self.verdict(row, edge.how, skip_ok), now)

    def _tell_instances(self, row: int, now: float) -> None:
        """An instance has ended: its own element children, then its group."""
        node = self.node[row]
        offset = row - self.base[node]
        for edge in self.shape.children[node]:
            if edge.how == "element" and self.size[edge.child] >= 0:
                self._parent_ended(self.base[edge.child] + offset, self.verdict(row, edge.how, edge.skip_ok), now)
        self.note_worst(row)
        self.unmet[node] -= 1
        if self.unmet[node] == 0 and self.state[node] == states.EXPANDING:
            self._settle(node, self.worst.pop(node, states.SUCCEEDED))

    def _parent_ended(self, row: int, verdict: str, now: float) -> None:
        if self.state[row] != states.BLOCKED:
            return  # decided already, by a parent that failed or by cancel
        self.unmet[row] -= 1
        self.dirty[row] = None
        if verdict == DOOM:
            self._settle(row, states.CANCELLED if self.cancelling else states.UPSTREAM_FAILED)
            return
        if verdict == SKIP:
            self.skip_due.add(row)
        if self.unmet[row] == 0:
            self._unblock(row, now)

    def _unblock(self, row: int, now: float) -> None:
        if row in self.skip_due:
            self._settle(row, states.SKIPPED)
        else:
            self._make_ready(row, now)

    def _expand(self, row: int, size: int, now: float) -> None:
        first = len(self.node)
        self._move(row, states.EXPANDING)
        self.base[row], self.size[row], self.unmet[row] = first, size, size
        self.node.extend([row] * size)
        self.state.extend([states.BLOCKED] * size)
        self.attempt.extend([0] * size)
        elements = self.shape.elements[row]
        self.unmet.extend([len(elements)] * size)
        self.born.append(range(first, first + size))
        for edge in self.shape.children[row]:
            if edge.how == "element":
                self._parent_ended(edge.child, GO, now)
        for instance in range(first, first + size):
            self._place(instance, now)
        if size == 0:
            self._settle(row, states.SUCCEEDED)
        elif self.cancelling:
            for instance in range(first, first + size):
                if self.state[instance] not in states.FINAL:
                    self._settle(instance, states.CANCELLED)
        self._drain(now)

    def _place(self, instance: int, now: float) -> None:
        """Counts the parents of a new instance that have ended already."""
        node = self.node[instance]
        parents = self.shape.elements[node]
        if not parents:
            self._make_ready(instance, now)
            return
        offset = instance - self.base[node]
        for parent in parents:
            row = self.base[parent.node] + offset
            if self.state[row] in states.FINAL:
                self._parent_ended(instance, self.verdict(row, "element", parent.skip_ok), now)


_BADNESS = [states.CANCELLED, states.UPSTREAM_FAILED, states.FAILED]
