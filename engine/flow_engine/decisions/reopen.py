"""Which rows of an ended run go back when it is tried again from what failed: a pure function of its rows.

What failed, did not start, was cancelled or was undone runs again, and so does all that uses it. What succeeded and was not undone
stays. Everything that handled the end is forgotten, and done again. The instances of a `for` whose list may become another one are forgotten too:
their rows stay, since rows are numbered densely, with the place FORGOTTEN.
"""

from collections.abc import Collection, Sequence

from flow_lang.named import NamedTuple

from flow_engine import states
from flow_engine.decisions.shape import Parent, Shape
from flow_engine.errors import Refused
from flow_engine.model import TaskRecord

FORGOTTEN = -1
"""The place of an instance that no list has any more; no reader shows it."""
_BAD = (states.FAILED, states.UPSTREAM_FAILED, states.CANCELLED)
_UNDONE = (states.SUCCEEDED, states.FAILED)
_HOLDS = ("value", "element", "order")
"""The edges over which a failure holds back what comes after it."""


class Change(NamedTuple):
    """What becomes of one row."""

    seq: int
    state: str
    size: int | None
    place: int | None


def reopened(shape: Shape, rows: Sequence[TaskRecord], chosen: Collection[int] | None = None) -> list[Change]:
    """The rows that change; empty where there is nothing to try again. With `chosen`, of all that failed only these rows run again, with what
    uses them and nothing else that failed. Raises Refused where the workflow fails fast and something failed that is not chosen."""
    return _Reopening(shape, rows, chosen).changes()


def void_answers(shape: Shape, rows: Sequence[TaskRecord], changes: Sequence[Change]) -> list[str]:
    """The keys of the approvals that are asked again: what was answered was another question."""
    found = []
    for change in changes:
        row = rows[change.seq]
        task = shape.workflow.tasks[row.node]
        if (task.body.kind, task.body.function) == ("wait", "approval"):
            found.append(task.name if row.place is None else f"{task.name}[{row.place}]")
    return found


class _Reopening:
    def __init__(self, shape: Shape, rows: Sequence[TaskRecord], chosen: Collection[int] | None) -> None:
        self._shape, self._rows = shape, rows
        self._chosen = None if chosen is None else frozenset(chosen)
        self._instances: list[dict[int, TaskRecord]] = [{} for _ in shape.children]
        for row in rows:
            if row.place is not None and row.place >= 0:
                self._instances[row.node][row.place] = row
        self._whole: set[int] = set()
        self._parts: dict[int, set[int]] = {}

    def changes(self) -> list[Change]:
        main = [node for node, phase in enumerate(self._shape.phase) if phase == 0]
        for node in main:  # in topological order, so that one pass is enough
            self._look(node)
        if not self._whole and not self._parts and not self._handled_badly():
            return []
        self._refuse_failing_fast()
        found: list[Change] = []
        for node, phase in enumerate(self._shape.phase):
            if phase > 0 or node in self._whole:
                found += self._forget(node)
            elif node in self._parts:
                found += self._again(node, self._parts[node])
        return sorted(found)

    def _look(self, node: int) -> None:
        for parent in self._shape.parents[node]:
            if parent.node in self._whole or (parent.node in self._parts and parent.how != "element"):
                if not any(self._holds(other, None) for other in self._shape.parents[node]):
                    self._whole.add(node)
                return
        if not self._instances[node] or self._rows[node].seq in (self._chosen or ()):
            if self._is_wanted(self._rows[node]) or self._undone(node, None):
                self._whole.add(node)
            return
        parts = {place for place, row in self._instances[node].items() if self._runs_again(node, place, row)}
        if parts:
            self._parts[node] = parts

    def _runs_again(self, node: int, place: int, row: TaskRecord) -> bool:
        if self._is_wanted(row) or self._undone(node, place):
            return True
        elements = self._shape.elements[node]
        again = any(place in self._parts.get(parent.node, ()) for parent in elements)
        return again and not any(self._holds(parent, place) for parent in elements)

    def _is_wanted(self, row: TaskRecord) -> bool:
        """Whether it is itself to be tried again, whatever becomes of others."""
        if self._chosen is None:
            return row.state in _BAD and not self._is_allowed(row)
        cut_off = row.state == states.CANCELLED and self._shape.workflow.fail_fast
        return row.seq in self._chosen or cut_off

    def _is_allowed(self, row: TaskRecord) -> bool:
        return row.state == states.FAILED and self._shape.workflow.tasks[row.node].optional

    def _holds(self, parent: Parent, place: int | None) -> bool:
        """Whether a parent stays as badly as it ended, so that what needs it cannot start."""
        if self._chosen is None or parent.how not in _HOLDS or parent.node in self._whole:
            return False
        if place is None:
            row, again = self._rows[parent.node], parent.node in self._parts
        else:
            row = self._instances[parent.node].get(place, self._rows[parent.node])
            again = place in self._parts.get(parent.node, ())
        return not again and row.state in _BAD and not self._is_allowed(row)

    def _refuse_failing_fast(self) -> None:
        if self._chosen is None or not self._shape.workflow.fail_fast:
            return
        for row in self._rows:
            again = row.node in self._whole or row.place in self._parts.get(row.node, ())
            if (
                row.state == states.FAILED
                and self._shape.phase[row.node] == 0
                and not again
                and not self._is_allowed(row)
            ):
                if row.place is None and row.node in self._parts:
                    continue  # a group, which is as its instances are
                name = self._shape.workflow.tasks[row.node].name
                raise Refused(
                    f"the workflow fails fast, and `{name}` has failed too: replay all of the run's letters, or use flow retry"
                )

    def _handled_badly(self) -> bool:
        """Whether something has failed that handled the end of a run which had gone well: `finally` is done again."""
        tasks = self._shape.workflow.tasks
        if self._chosen is not None:
            return any(self._shape.phase[self._rows[seq].node] > 0 for seq in self._chosen)
        static = zip(self._rows, tasks, self._shape.phase, strict=False)
        return any(row.state in _BAD and phase > 0 and not task.optional for row, task, phase in static)

    def _undone(self, node: int, place: int | None) -> bool:
        undo = self._shape.undo[node]
        if undo < 0:
            return False
        row = self._rows[undo] if place is None else self._instances[undo].get(place)
        return row is not None and row.state in _UNDONE

    def _forget(self, node: int) -> list[Change]:
        own = Change(node, states.BLOCKED, None, None)
        gone = [Change(row.seq, states.SKIPPED, None, FORGOTTEN) for row in self._instances[node].values()]
        return [own, *gone]

    def _again(self, node: int, parts: set[int]) -> list[Change]:
        own = Change(node, states.EXPANDING, self._rows[node].size, None)
        return [own, *(Change(self._instances[node][place].seq, states.BLOCKED, None, place) for place in parts)]
