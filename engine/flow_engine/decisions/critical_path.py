"""Which tasks a run's time went to: the chain that ends with the last task to end, each link being the parent that ended last."""

from collections.abc import Sequence
from typing import NamedTuple

from flow_lang.plan import MAIN, Workflow

from flow_engine.model import TaskRecord


class Step(NamedTuple):
    """A task on the path. `waited`: seconds between the end of the step before and its own start (queueing, retries, delays)."""

    row: TaskRecord
    waited: float
    took: float


def critical_path(workflow: Workflow, rows: Sequence[TaskRecord]) -> list[Step]:
    """The path of a run, first task first; empty where nothing ran. What handles its end is no part of it, and neither are rows without
    times (skipped, not started)."""
    ran: dict[int, list[TaskRecord]] = {}
    for row in rows:
        main = workflow.tasks[row.node].phase == MAIN
        if main and row.started_at is not None and row.finished_at is not None and row.size is None:
            ran.setdefault(row.node, []).append(row)
    position = {task.name: i for i, task in enumerate(workflow.tasks)}
    last = max((row for group in ran.values() for row in group), key=_end, default=None)
    path: list[TaskRecord] = []
    while last is not None:
        path.append(last)
        last = max(_parents(workflow, position, ran, last), key=_end, default=None)
    path.reverse()
    return [_step(row, before) for row, before in zip(path, [None, *path], strict=False)]


def _parents(
    workflow: Workflow, position: dict[str, int], ran: dict[int, list[TaskRecord]], row: TaskRecord
) -> list[TaskRecord]:
    found = []
    for need in workflow.tasks[row.node].needs:
        parents = ran.get(position[need.task], [])
        aligned = need.how == "element" and row.place is not None
        found += [parent for parent in parents if not aligned or parent.place == row.place]
    return found


def _step(row: TaskRecord, before: TaskRecord | None) -> Step:
    started, finished = row.started_at or 0.0, _end(row)
    waited = max(started - _end(before), 0.0) if before is not None else 0.0
    return Step(row, waited, finished - started)


def _end(row: TaskRecord) -> float:
    return row.finished_at or 0.0
