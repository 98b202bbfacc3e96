"""One live run: which tasks are ready, and what the end of one means for the others.

A group goes blocked -> ready -> claimed -> expanding and ends with its last instance. All edges but `element` hold the group back;
an element edge holds back the group until the parent's list is known and then instance i until the parent's instance i has ended.

When all tasks of a phase have ended, the next begins (plan.PHASES): what undoes, one row after another in reverse order of
completion; what handles a failure; what is done at the end in any case.
"""

from collections.abc import Callable

from flow_engine import states
from flow_engine.decisions.retry import LOSSES, delay_after
from flow_engine.decisions.rows import DOOM, GO, LAST_PHASE, SKIP, Rows
from flow_engine.decisions.shape import PHASE
from flow_engine.model import Cancelled, Expanded, Failed, Lost, Outcome, Released, Skipped, Succeeded, Suspended

_UNDO, _FAILURE = PHASE["undo"], PHASE["failure"]


class RunGraph(Rows):
    def start(self, now: float, due: float = 0.0) -> None:
        """Makes the tasks ready that wait for nothing, or lets them wait until `due`."""
        for row, unmet in enumerate(self.shape.unmet):
            if unmet == 0:
                self._unblock(row, now)
        self._drain(now)
        if due > now:
            self._hold_back(due, due - now)

    def _hold_back(self, due: float, later: float) -> None:
        """Delays and deadlines of tasks count from the start of the run."""
        for row in self.ready:
            self.state[row] = states.WAITING
            self.due[row] = self.due[row] + later if row in self.due else due
            if row in self.deadline:
                self.deadline[row] += later

    def complete(
        self, row: int, attempt: int, worker: str, outcome: Outcome, now: float, draw: Callable[[], float]
    ) -> bool:
        """Applies the end of an attempt and all that follows from it. False: fenced, nothing was changed."""
        if not self._holds(row, attempt, worker) or self._begins_again(row, outcome):
            return False
        self.at = now
        del self.flight[row]
        if isinstance(outcome, Succeeded):
            self._end(row, states.SUCCEEDED, now)
        elif isinstance(outcome, Expanded):
            self._expand(row, outcome, now)
        elif isinstance(outcome, Skipped):
            self._end(row, states.SKIPPED, now)
        elif isinstance(outcome, Cancelled) or self.stops(row):
            self._end(row, states.CANCELLED, now)
        else:
            self._go_on(row, outcome, now, draw)
            if self._is_needless(row):  # it was in flight when all that needs it was doomed
                self._end(row, states.CANCELLED, now)
        return True

    def _go_on(self, row: int, outcome: Outcome, now: float, draw: Callable[[], float]) -> None:
        """After an attempt that need not be the end of the row."""
        if isinstance(outcome, Suspended):
            self._suspend(row, outcome.awaits)
        elif row in self.awaiting and isinstance(outcome, Released | Lost):
            self._suspend(row, self.awaiting[row])  # nothing of it was running
        elif isinstance(outcome, Released):
            self.attempt[row] -= 1
            self._make_ready(row, now)
        elif isinstance(outcome, Lost):
            self._lose(row, now)
        elif isinstance(outcome, Failed):
            self._fail(row, outcome, now, draw)

    def _begins_again(self, row: int, outcome: Outcome) -> bool:
        """An old message about a child run, which has begun: all claims of a suspended attempt have its number."""
        return isinstance(outcome, Suspended) and outcome.child is not None and row in self.awaiting

    def cancel(self, reason: str, now: float) -> None:
        """Ends every task of the main part that has not been claimed; those in flight end when their worker says so."""
        self.cancelling = self.cancelling or reason
        self._stop(now)

    def release(self, now: float) -> None:
        """After a restore: lets go what waits for nothing any more."""
        for row, state in enumerate(self.state):
            if state == states.BLOCKED and self.unmet[row] == 0:
                if self.is_born(row):
                    self._unblock(row, now)
            elif state == states.EXPANDING and self.unmet[row] == 0:
                self._settle(row, self.worst.pop(row, states.SUCCEEDED))
        self._drain(now)

    # -- the end of a row

    def _stop(self, now: float) -> None:
        self._bear_what_ends(now)
        for row, state in enumerate(self.state):
            waits = state in (states.BLOCKED, states.READY, states.WAITING) and self.state[row] == state
            if waits and self.stops(row) and not self._outlives(row):
                self._settle(row, states.CANCELLED)
                self._propagate(now)
        self._drain(now)

    def _outlives(self, row: int) -> bool:
        """A child run is ended by itself, and its task with it; and what a task does when it fails is done when others fail fast."""
        if row in self.awaiting and self.awaiting[row].kind == "child":
            return True
        return self.failing and any(parent.how == "failure" for parent in self.shape.parents[self.node[row]])

    def _lose(self, row: int, now: float) -> None:
        self.losses[row] = self.losses.get(row, 0) + 1
        at_most_once = self.shape.workflow.tasks[self.node[row]].at_most_once and not self.expands(row)
        if self.losses[row] > LOSSES or at_most_once:
            self._end_failed(row, now)
        else:
            self._make_ready(row, now)

    def _fail(self, row: int, outcome: Failed, now: float, draw: Callable[[], float]) -> None:
        self.failures[row] = self.failures.get(row, 0) + 1
        policy = self.shape.workflow.tasks[self.node[row]].retry
        delay = delay_after(policy, self.failures[row], outcome.code, draw) if outcome.retryable else None
        self.awaiting.pop(row, None)
        delay = None if delay is None else max(delay, outcome.after)
        if delay is None or now + delay >= self.deadline.get(row, now + delay + 1):
            self._end_failed(row, now)
        else:
            self._make_ready(row, now, now + delay)

    def _end_failed(self, row: int, now: float) -> None:
        task = self.shape.workflow.tasks[self.node[row]]
        self._settle(row, states.FAILED)
        self._propagate(now)
        if self.shape.workflow.fail_fast and not task.optional and self.shape.phase[self.node[row]] == 0:
            self.failing = True
            self._stop(now)
        self._drain(now)

    def _end(self, row: int, state: str, now: float) -> None:
        """Puts the row into a final state and tells whoever waits for it."""
        self._settle(row, state)
        self._drain(now)

    def _drain(self, now: float) -> None:
        """Tells all that follows from what has ended, and begins the next phase where one is over."""
        self._propagate(now)
        while self.left[self.phase] == 0 and self.phase < LAST_PHASE:
            self.phase += 1
            self._begin_phase(now)
            self._propagate(now)
        if self.phase == _UNDO:
            self._undo_next(now)

    def _propagate(self, now: float) -> None:
        """A loop and no recursion, since a chain of skipped tasks may be long."""
        while self._ended:
            ended = self._ended.pop()
            tell = self._tell_instances if ended >= len(self.shape.children) else self._tell_tasks
            tell(ended, now)

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
        for edge in self.shape.aligned[node]:
            if self.size[edge.child] >= 0 and self.is_born(self.base[edge.child] + offset):
                self._parent_ended(self.base[edge.child] + offset, self.verdict(row, edge.how, edge.skip_ok), now)
        if self.state[row] != states.SUCCEEDED:
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
            self._settle(row, states.CANCELLED if self.stops(row) else states.UPSTREAM_FAILED)
            self._end_waits_for(self.node[row])
            return
        if verdict == SKIP:
            self.skip_due.add(row)
        if self.unmet[row] == 0:
            self._unblock(row, now)

    def _end_waits_for(self, node: int) -> None:
        """A `wait` whose answer nobody can use any more does not keep a failed run open."""
        for parent in self.shape.parents[node]:
            if self._is_needless(parent.node):
                self._settle(parent.node, states.CANCELLED)

    def _is_needless(self, row: int) -> bool:
        """Whether it is a `wait` that goes on, and all that needs it has ended."""
        tasks = self.shape.workflow.tasks
        if row >= len(tasks) or tasks[row].body.kind != "wait" or tasks[row].loop:
            return False
        if self.state[row] in states.FINAL or row in self.flight or not self.shape.children[row]:
            return False
        return all(self.state[edge.child] in states.FINAL for edge in self.shape.children[row])

    def _unblock(self, row: int, now: float) -> None:
        phase = self.shape.phase[self.node[row]]
        if phase > self.phase or phase == _UNDO:
            return  # its phase has not begun; what undoes has an order of its own
        if row in self.skip_due:
            self._settle(row, states.SKIPPED)
        else:
            self._make_ready(row, now)

    # -- the instances of a `for`

    def grow(self, now: float) -> None:
        """Makes the next instances of each `for` that has not all of them."""
        for row, since in list(self.unborn.items()):
            self._place_all(self._bear(row, min(since + self.CHUNK, self.size[row])), now)
        self._drain(now)

    def _expand(self, row: int, outcome: Expanded, now: float) -> None:
        size = outcome.size
        self._reserve(row, size)
        if outcome.items is not None:
            self.lists[row] = outcome.items
        for edge in self.shape.children[row]:
            if edge.how == "element":
                self._parent_ended(edge.child, GO, now)
        span = self._bear(row, size if self.stops(row) else min(size, self.CHUNK))
        self._place_all(span, now)
        if size == 0:
            self._settle(row, states.SUCCEEDED)
        elif self.stops(row):
            for instance in span:
                if self.state[instance] not in states.FINAL:
                    self._settle(instance, states.CANCELLED)
        self._drain(now)

    def _reserve(self, row: int, size: int) -> None:
        """Gives a group the rows of its instances, none of which is made yet."""
        first = len(self.node)
        self._move(row, states.EXPANDING)
        self.base[row], self.size[row], self.unmet[row] = first, size, size
        self.node.extend([row] * size)
        self.state.extend([states.BLOCKED] * size)
        self.attempt.extend([0] * size)
        self.unmet.extend([len(self.shape.elements[row])] * size)
        self.unborn[row] = 0

    def _bear(self, row: int, until: int) -> range:
        """Makes the next instances of a group, up to the place `until`: their rows."""
        first, since = self.base[row], self.unborn.pop(row)
        if until < self.size[row]:
            self.unborn[row] = until
        span = range(first + since, first + until)
        if span:
            self.born.append(span)
        return span

    def _bear_what_ends(self, now: float) -> None:
        """What is ended has all of its rows: what outlives the end waits in its own as before."""
        for row in [row for row in self.unborn if self.stops(row)]:
            for instance in self._bear(row, self.size[row]):
                if self._outlives(instance):
                    self._place(instance, now)

    def _place_all(self, span: range, now: float) -> None:
        if not span:
            return
        node = self.node[span.start]
        task = self.shape.workflow.tasks[node]
        if self.shape.elements[node] or task.delay or task.deadline is not None:
            for instance in span:
                self._place(instance, now)
            return
        # they wait for nothing, neither for others nor for a time
        self.state[span.start : span.stop] = [states.READY] * len(span)
        self.dirty.update(dict.fromkeys(span))
        self.ready.extend(span)

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

    # -- phases

    def _begin_phase(self, now: float) -> None:
        rows = [row for row, phase in enumerate(self.shape.phase) if phase == self.phase]
        if self.phase == _UNDO:
            undone = self.outcome() != states.SUCCEEDED
            self.done.sort()
            for row in rows:
                self._begin_undo(row, undone)
            return
        wanted = self.phase != _FAILURE or self.outcome() == states.FAILED
        for row in rows:
            if not wanted and self.state[row] == states.BLOCKED:
                self._settle(row, states.SKIPPED)
            elif self.state[row] == states.BLOCKED and self.unmet[row] == 0:
                self._unblock(row, now)

    def _begin_undo(self, row: int, wanted: bool) -> None:
        """What is to be undone stays blocked until its turn comes."""
        parent = self.shape.undoes[row]
        if not self.expands(row):
            if not wanted or self.state[parent] != states.SUCCEEDED:
                self._settle(row, states.SKIPPED)
            return
        size = self.size[parent]
        if not wanted or size <= 0:
            self._settle(row, states.SKIPPED)
            return
        if self.size[row] != size:
            self._reserve(row, size)
            self._bear(row, size)
        first = self.base[row]
        if self.state[row] == states.BLOCKED:
            self._move(row, states.EXPANDING)
            self.unmet[row] = size
        for place in range(size):
            if self.state[self.base[parent] + place] != states.SUCCEEDED:
                self._settle(first + place, states.SKIPPED)

    def _undo_next(self, now: float) -> None:
        """One at a time, the last to complete first; the next begins when this one has ended, however that was."""
        if self.undoing is not None and self.state[self.undoing] not in states.FINAL:
            return
        while self.done:
            row = self._undo_of(self.done.pop()[2])
            if row is not None and self.state[row] == states.BLOCKED:
                self.undoing = row
                self._make_ready(row, now)
                return

    def _undo_of(self, done: int) -> int | None:
        undo = self.shape.undo[self.node[done]]
        place = self.place_of(done)
        if place is None:
            return undo
        return self.base[undo] + place if self.size[undo] >= 0 else None
