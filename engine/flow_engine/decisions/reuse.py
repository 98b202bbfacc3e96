"""What a new run of an edited workflow takes over from an earlier run: a pure function of both.

A task's result is taken over when its code, the parameters that it reads and the results that it uses are the same, and nothing has
undone it. For a `for` that goes by instance, as long as its list is the same.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flow_lang.plan import MAIN, Task, Workflow

from flow_engine import states
from flow_engine.model import TaskRecord, unclaimed

_KEPT = (states.SUCCEEDED, states.SKIPPED)
_UNDONE = (states.SUCCEEDED, states.FAILED)
"""States of a row that undoes, once it has run."""


class Reuse(NamedTuple):
    """`rows` are those of the new run; `reasons` tell for each task that runs again why, "" for one that is taken over whole."""

    rows: list[TaskRecord]
    reasons: dict[str, str]


def reuse(
    old: Workflow,
    rows: Sequence[TaskRecord],
    new: Workflow,
    same_code: Callable[[Task, Task], bool],
    changed_params: Sequence[str],
) -> Reuse:
    """`rows` are those of the earlier run; `changed_params` the parameters with another value than then."""
    return _Reusing(old, rows, new, same_code, changed_params).all()


class _Reusing:
    def __init__(
        self,
        old: Workflow,
        rows: Sequence[TaskRecord],
        new: Workflow,
        same_code: Callable[[Task, Task], bool],
        changed_params: Sequence[str],
    ) -> None:
        self._old = {task.name: (node, task) for node, task in enumerate(old.tasks)}
        self._new, self._same_code, self._changed = new, same_code, set(changed_params)
        self._own = rows
        self._instances: dict[int, list[TaskRecord]] = {}
        for row in rows:
            if row.place is not None:
                self._instances.setdefault(row.node, []).append(row)
        self._reasons: dict[str, str] = {}
        self._lists: set[str] = set()
        """`for` tasks whose list is that of the earlier run, so that instances correspond."""
        self._parts: dict[str, set[int]] = {}
        """Of those, the instances that are taken over."""

    def all(self) -> Reuse:
        statics: list[TaskRecord] = []
        born: list[TaskRecord] = []
        for node, task in enumerate(self._new.tasks):
            reason = self._reason(task)
            self._reasons[task.name] = reason
            old = self._own[self._old[task.name][0]] if task.name in self._old else None
            if reason == "" and old is not None:
                statics.append(_taken(old, node, node, None))
            elif task.name in self._lists and old is not None:
                statics.append(unclaimed(node, node, None, states.EXPANDING, size=old.size))
            else:
                statics.append(unclaimed(node, node, None, states.BLOCKED))
        for node, task in enumerate(self._new.tasks):
            if task.name in self._lists:
                born += self._copies(task, node, len(statics) + len(born))
        return Reuse(statics + born, self._reasons)

    def _copies(self, task: Task, node: int, first: int) -> list[TaskRecord]:
        found: list[TaskRecord] = []
        for row in self._instances.get(self._old[task.name][0], []):
            place, seq = row.place or 0, first + len(found)
            kept = place in self._parts[task.name]
            made = _taken(row, seq, node, place) if kept else unclaimed(seq, node, place, states.BLOCKED)
            found.append(made._replace(item=row.item))
        return found

    def _reason(self, task: Task) -> str:
        if task.phase != MAIN:
            return "it handles the end of a run"
        if task.name not in self._old:
            return "it is new"
        node, before = self._old[task.name]
        if not self._same_code(before, task):
            return "its code changed"
        changed = sorted(self._changed & set(task.reads))
        if changed:
            return f"the parameter {', '.join(changed)} changed"
        listed = [need for need in task.needs if need.task in self._lists and need.how == "element"]
        again = [need.task for need in task.needs if self._reasons[need.task] and need not in listed]
        if again:
            return f"{', '.join(again)} runs again"
        own = self._own[node]
        if own.override is not None:
            return "a replay gave it other values"
        if not task.loop:
            if self._undone(before, None):
                return "it was undone"
            return "" if own.state in _KEPT else f"it was {own.state}"
        if own.size is None:
            return f"it was {own.state}"
        return self._by_instance(task, node, [need.task for need in listed])

    def _undone(self, before: Task, place: int | None) -> bool:
        """Whether its undo has run, however that ended."""
        if not before.undo:
            return False
        node = self._old[before.undo][0]
        rows = [self._own[node]] if place is None else self._instances.get(node, [])
        return any(row.state in _UNDONE for row in rows if row.place == place)

    def _by_instance(self, task: Task, node: int, parents: list[str]) -> str:
        rows = self._instances.get(node, [])
        kept = {
            row.place or 0
            for row in rows
            if row.state in _KEPT
            and row.override is None
            and not self._undone(self._old[task.name][1], row.place)
            and all((row.place or 0) in self._parts[parent] for parent in parents)
        }
        self._lists.add(task.name)
        self._parts[task.name] = kept
        left = len(rows) - len(kept)
        return f"{left} of its {len(rows)} instances run again" if left else ""


def _taken(row: TaskRecord, seq: int, node: int, place: int | None) -> TaskRecord:
    return row._replace(seq=seq, node=node, place=place, worker=None, awaits=None, deadline_at=None, log=None)
