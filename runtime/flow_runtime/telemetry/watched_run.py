"""A run that a worker owns, as far as figures and traces need it."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from flow_engine.decisions.gates import pool_key
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Adopted, Store
from flow_lang.plan import Task

from flow_runtime.telemetry.worker_figures import TaskFigures, WorkerFigures


class Waiting(NamedTuple):
    """A task that is ready, since when, and the pool that it goes through; empty for none."""

    since: float
    pool: str


class WatchedRun:
    """`flight` tells of each attempt under way, by row, since when its task had been ready; `waiting` are tasks that are ready, by row."""

    def __init__(self, adopted: Adopted, store: Store, figures: WorkerFigures) -> None:
        workflow = adopted.plan.workflow
        self.record: RunRecord = adopted.record
        self.tasks: Sequence[Task] = workflow.tasks
        self.flight: dict[int, float] = {}
        self.waiting: dict[int, Waiting] = {}
        self.children: dict[int, str] = {}
        """The child runs that tasks wait for, by row, where somebody traces them."""
        self._figures: list[TaskFigures] = [figures.of(self.record.workflow, task.body.kind) for task in workflow.tasks]
        self._pools = [pool_key(workflow, task) if task.pool else "" for task in workflow.tasks]
        self._one_pool = len({*self._pools}) == 1
        self._store = store
        self._spans: list[tuple[int, int]] = []
        """The first row of each `for` that is expanded, and its node; in order."""

    def pool(self, seq: int) -> str:
        return self._pools[0 if self._one_pool else self.node(seq)]

    def figures(self, seq: int) -> TaskFigures:
        return self._figures[self.node(seq)]

    def node(self, seq: int) -> int:
        return seq if seq < len(self.tasks) else self._span(seq)[1]

    def key(self, seq: int) -> str:
        """As in `fetch[3]`."""
        if seq < len(self.tasks):
            return self.tasks[seq].name
        first, node = self._span(seq)
        return f"{self.tasks[node].name}[{seq - first}]"

    def _span(self, seq: int) -> tuple[int, int]:
        found = self._within(seq)
        if found is None:
            self._spans = sorted(
                (self._store.row_of(self.record.id, node, 0), node) for node, task in enumerate(self.tasks) if task.loop
            )
            found = self._within(seq)
        assert found is not None, f"row {seq} of run {self.record.id} is of no task"
        return found

    def _within(self, seq: int) -> tuple[int, int] | None:
        """None where the row is of a `for` that was not expanded when it was looked last."""
        at = bisect_right(self._spans, (seq, len(self.tasks))) - 1
        if at < 0 or self._spans[at][0] < 0:
            return None
        first, node = self._spans[at]
        return (first, node) if seq - first < self._store.size_of(self.record.id, node) else None
