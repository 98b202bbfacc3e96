"""What a task that is ready waits for where it needs labels: a worker that has them."""

import time
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from flow_engine import states
from flow_engine.decisions.shape import OWN
from flow_engine.model import TaskRecord
from flow_lang.plan import Plan


class Workers(Protocol):
    """A part of `Store`, with the same promise."""

    def has_labels(self, labels: Collection[str]) -> bool | None: ...


class LabelWaits:
    """Asks once for each set of labels, however many tasks need it."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._known: dict[tuple[str, ...], bool | None] = {}

    def text(self, plan: Plan, row: TaskRecord) -> str:
        """`a worker with the label gpu`, or that none lives; empty for a task that waits for neither."""
        labels = _needed(plan, row)
        if not labels:
            return ""
        lives = self._lives(labels)
        if lives is None:
            return ""
        return f"a worker with {_named(labels)}" + ("" if lives else ", and none lives")

    def remedy(self, plan: Plan, row: TaskRecord) -> str:
        """What starts a worker that is missing; empty where none is."""
        labels = _needed(plan, row)
        if not labels or self._lives(labels) is not False:
            return ""
        return _command(labels)

    def _lives(self, labels: tuple[str, ...]) -> bool | None:
        if labels not in self._known:
            self._known[labels] = self._workers.has_labels(labels)
        return self._known[labels]


def missing(workers: Workers, plan: Plan) -> Iterator[str]:
    """What is to be told before a run of this plan: labels that its tasks need and no living worker has."""
    tasks = [task for workflow in plan.workflows.values() for task in workflow.tasks if task.body.kind not in OWN]
    needs: dict[tuple[str, ...], str] = {}
    for task in tasks:
        if task.labels:
            needs.setdefault(tuple(sorted({*task.labels})), task.name)
    for labels, name in needs.items():
        if workers.has_labels(labels) is False:
            yield f"no worker with {_named(labels)} lives, which `{name}` needs; start one: {_command(labels)}"


def _command(labels: Sequence[str]) -> str:
    from shlex import quote

    return "flow worker" + "".join(f" --label {quote(label)}" for label in labels)


def _needed(plan: Plan, row: TaskRecord) -> tuple[str, ...]:
    """What a worker needs for this row now."""
    task = plan.workflow.tasks[row.node]
    if not task.labels or task.body.kind in OWN or (task.loop and row.place is None):
        return ()
    is_due = row.state == states.WAITING and row.awaits is None and (row.ready_at or 0.0) <= time.time()
    return tuple(sorted({*task.labels})) if is_due or row.state == states.READY else ()


def _named(labels: Sequence[str]) -> str:
    return f"the label{'s' if len(labels) > 1 else ''} {', '.join(labels)}"
