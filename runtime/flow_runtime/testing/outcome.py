"""What a test's run was, as its checks ask for it."""

import json
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import Any

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.evaluate import Scope, compile_expr
from flow_lang.plan import Expr, Plan
from flow_lang.types import DATETIME, list_of, optional
from flow_lang.values import decode, encode

from flow_runtime.files import FlowFiles
from flow_runtime.schedules.firings import firings


class RunOutcome:
    """The values of all names that a check may use."""

    def __init__(self, store: Store, record: RunRecord, plan: Plan, started: float, ended: float) -> None:
        self._store, self._record, self._plan = store, record, plan
        self._duration = timedelta(seconds=ended - started)
        self._rows = store.tasks(record.id, values=True)
        self._node = {task.name: i for i, task in enumerate(plan.workflow.tasks)}

    def evaluate(self, expr: Expr, reads: Iterable[str], files: FlowFiles) -> Any:
        scope = Scope({name: self.value(name) for name in reads}, files)
        return compile_expr(self._with_firings(expr, scope))(scope)

    def value(self, name: str) -> Any:
        owner, _, what = name.rpartition(".")
        if owner == "run":
            return self._of_run(what)
        if owner:
            return self._of_task(owner, what)
        task = self._plan.workflow.task(name)
        own, instances = self._own(name), self._instances(name)
        if task.loop:
            done = [row.result for row in instances if row.state == states.SUCCEEDED]
            return [decode(optional(task.result), json.loads(text or "null")) for text in done]
        return decode(optional(task.result), json.loads(own.result or "null"))

    def _of_run(self, what: str) -> Any:
        if what == "result":
            return decode(optional(self._plan.workflow.result), json.loads(self._record.result or "null"))
        return self._duration if what == "duration" else getattr(self._record, {"status": "state"}.get(what, what))

    def _of_task(self, name: str, what: str) -> Any:
        task, own, instances = self._plan.workflow.task(name), self._own(name), self._instances(name)
        if what == "status":
            return own.state
        if what == "all":
            type_ = list_of(optional(task.result))
            return decode(type_, [json.loads(row.result or "null") for row in instances])
        if what == "attempts":
            return [row.attempt for row in instances] if task.loop else own.attempt
        return [self._delays(row) for row in instances] if task.loop else self._delays(own)

    def _delays(self, row: TaskRecord) -> list[timedelta]:
        """A test's time stands still while a body runs, so that attempts are apart by their delays alone."""
        begun = [attempt.claimed_at for attempt in self._store.attempts(self._record.id, row.seq)]
        return [timedelta(seconds=round(after - before, 6)) for before, after in pairwise(begun)]

    def _own(self, name: str) -> TaskRecord:
        return self._rows[self._node[name]]

    def _instances(self, name: str) -> list[TaskRecord]:
        return [row for row in self._rows if row.node == self._node[name] and row.place is not None]

    def _with_firings(self, expr: Any, scope: Scope) -> Any:
        """The expression with each `fires(...)` replaced by its instants."""
        if not isinstance(expr, list):
            return expr
        if expr[:2] == ["call", "fires"] and self._plan.workflow.schedule is not None:
            after, count = (compile_expr(part)(scope) for part in expr[2:4])
            instants = firings(self._plan.workflow.schedule, after, count)
            return ["typed", {"list": "datetime"}, [encode(DATETIME, instant) for instant in instants]]
        return [self._with_firings(part, scope) for part in expr]
