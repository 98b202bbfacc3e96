"""What the engine itself evaluates: conditions, the lists of `for`, results of runs; and the values that a body is sent.

Values stay JSON texts on their way to a body: what a task reads is spliced together without being decoded.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flow_engine.model import Claim, RunRecord
from flow_engine.stores.contract import Store
from flow_lang.evaluate import Compiled, Scope, compile_expr
from flow_lang.plan import Expr, Plan, Task
from flow_lang.types import optional
from flow_lang.values import decode, encode

from flow_runtime.executors.work import NameTypes
from flow_runtime.files import FlowFiles
from flow_runtime.wire import dumps

MAX_INSTANCES = 1_000_000
"""Instances that one `for` may have."""


class TooManyInstances(ValueError):
    pass


class RunInputs:
    """The values of one live run."""

    def __init__(self, store: Store, record: RunRecord, plan: Plan, scratch: str) -> None:
        self._store = store
        self._plan = plan
        self._run = record.id
        self._node = {task.name: i for i, task in enumerate(plan.workflow.tasks)}
        self._params = {name: dumps(value) for name, value in record.params.items()}
        self._types = NameTypes(plan.workflow)
        self._gathered: dict[int, str] = {}
        self._compiled: dict[int, Compiled] = {}
        self._files = FlowFiles(record.folder, scratch)

    def texts(self, task: Task, place: int | None, names: Iterable[str]) -> dict[str, str]:
        """The JSON text of each name, as the instance at `place` sees it."""
        clauses = {clause.var: clause for clause in task.loop}
        texts: dict[str, str] = {}
        for name in names:
            if name in clauses and place is not None:
                texts[name] = self._element(task, place)
            elif name in self._params:
                texts[name] = self._params[name]
            elif name in self._node:
                texts[name] = self._value(self._node[name])
        return texts

    def holds(self, task: Task, claim: Claim) -> bool:
        """Whether the task's `when` is true."""
        if task.when is None:
            return True
        scope = self._scope(task, self.texts(task, claim.place, task.reads))
        return bool(self._compile(task.when)(scope))

    def elements(self, task: Task) -> tuple[int, list[str] | None]:
        """The list of a `for`: its length, and its elements unless they are results of an aligned `for`."""
        clause = task.loop[0]
        if clause.aligned is not None:
            return self._store.size_of(self._run, self._node[clause.aligned]), None
        names = [name for name in (*self._params, *self._node) if name in _names(clause.source)]
        found = self._compile(clause.source)(self._scope(task, self.texts(task, None, names)))
        if len(found) > MAX_INSTANCES:
            raise TooManyInstances(
                f"the list has {len(found):,} elements; a `for` may have {MAX_INSTANCES:,} instances"
            )
        return len(found), [dumps(encode(clause.type, element)) for element in found]

    def result(self) -> str | None:
        """The workflow's result; None where it is of nothing or was skipped."""
        workflow = self._plan.workflow
        if workflow.returns is None:
            return None
        names = [name for name in (*self._params, *self._node) if name in _names(workflow.returns)]
        scope = self._scope(None, {name: self._params.get(name) or self._value(self._node[name]) for name in names})
        value = self._compile(workflow.returns)(scope)
        return None if value is None else dumps(encode(optional(workflow.result), value))

    def _scope(self, task: Task | None, texts: Mapping[str, str]) -> Scope:
        return Scope(self._types.decoded(task, {name: json.loads(text) for name, text in texts.items()}), self._files)

    def _value(self, node: int) -> str:
        if not self._plan.workflow.tasks[node].loop:
            return self._store.results(self._run, [node])[0] or "null"
        if node not in self._gathered:
            self._gathered[node] = "[" + ",".join(self._store.gather(self._run, node)) + "]"
        return self._gathered[node]

    def _element(self, task: Task, place: int) -> str:
        clause = task.loop[0]
        if clause.aligned is None:
            row = self._store.row_of(self._run, self._node[task.name], place)
            return self._store.items(self._run, [row])[0] or "null"
        parent = self._node[clause.aligned]
        text = self._store.results(self._run, [self._store.row_of(self._run, parent, place)])[0] or "null"
        if clause.source == ["ref", clause.aligned]:
            return text
        element = decode(optional(self._plan.workflow.tasks[parent].result), json.loads(text))
        value = self._compile(clause.source)(Scope({clause.aligned: element}, self._files))
        return dumps(encode(optional(clause.type), value))

    def _compile(self, expr: Expr) -> Compiled:
        key = id(expr)
        if key not in self._compiled:
            self._compiled[key] = compile_expr(expr)
        return self._compiled[key]


def _names(expr: Any) -> set[str]:
    """The names that an expression refers to."""
    if not isinstance(expr, list):
        return set()
    if len(expr) == 2 and expr[0] == "ref":
        return {expr[1]}
    return {name for part in expr for name in _names(part)}
