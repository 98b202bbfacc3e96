"""The values of the names with a dot: what a run, a task's end and a failure are, as expressions ask for them."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_lang.plan import MAIN, Plan, Task

from flow_runtime.document import key_of
from flow_runtime.wire import dumps


class Values(Protocol):
    """What a store tells of the values of a run (stores/contract.py)."""

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]: ...
    def items(self, run: str, rows: Sequence[int]) -> list[str | None]: ...
    def row_of(self, run: str, node: int, place: int) -> int: ...
    def state_of(self, run: str, node: int) -> str: ...
    def size_of(self, run: str, node: int) -> int: ...
    def gather(self, run: str, node: int, most: int | None = None) -> list[str]: ...
    def outcome(self, run: str) -> str: ...
    def run(self, run: str) -> RunRecord: ...
    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]: ...
    def overrides(self, run: str) -> dict[int, dict[str, Any]]: ...


class RunNames:
    def __init__(self, store: Values, record: RunRecord, plan: Plan) -> None:
        self._store, self._record, self._plan = store, record, plan
        self._node = {task.name: i for i, task in enumerate(plan.workflow.tasks)}

    def text(self, name: str, task: Task | None) -> str | None:
        """The JSON text of a name with a dot; None where there is no such name."""
        owner, dot, what = name.rpartition(".")
        if not dot:
            return None
        if owner == "run":
            return dumps(self._of_run(what))
        if owner == "error":
            return dumps(self._of_failure(what, task))
        node = self._node.get(owner)
        if node is None:
            return None
        return self._state(node) if what == "status" else self._all(node)

    def _of_run(self, what: str) -> str | None:
        record = self._record
        values = {"id": record.id, "workflow": record.workflow, "status": ""}
        return self._store.outcome(record.id) if what == "status" else values.get(what)

    def _of_failure(self, what: str, task: Task | None) -> str | None:
        """Of the task that a handler is of, or else of the one that failed first."""
        row = self._failure(task)
        if row is None:
            return self._of_timeout(what)
        error: dict[str, Any] = json.loads(row.error or "{}")
        return key_of(self._plan, row) if what == "task" else error.get(what)

    def _of_timeout(self, what: str) -> str | None:
        told = {"task": self._record.workflow, "code": "timeout", "message": "the run was not done in its time"}
        return told.get(what) if self._store.run(self._record.id).cancel_reason == "timeout" else None

    def _failure(self, task: Task | None) -> TaskRecord | None:
        watched = {self._node[need.task] for need in task.needs if need.how == "failure"} if task else set()
        tasks = self._plan.workflow.tasks
        failed = [
            row
            for row in self._store.tasks(self._record.id)
            if row.state == states.FAILED
            and row.error
            and (row.node in watched if watched else tasks[row.node].phase == MAIN and not tasks[row.node].optional)
        ]
        return min(failed, key=lambda row: (row.finished_at or 0.0, row.seq), default=None)

    def _state(self, node: int) -> str:
        return dumps(self._store.state_of(self._record.id, node))

    def _all(self, node: int) -> str:
        run, size = self._record.id, max(self._store.size_of(self._record.id, node), 0)
        rows = [self._store.row_of(run, node, place) for place in range(size)]
        return "[" + ",".join(text or "null" for text in self._store.results(run, rows)) + "]"
