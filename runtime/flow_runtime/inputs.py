"""What the engine itself evaluates: conditions, the lists of `for`, results of runs; and the values that a body is sent.

Values stay JSON texts on their way to a body: what a task reads is spliced together without being decoded.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flow_engine.errors import TooLarge
from flow_engine.model import Claim, RunRecord
from flow_lang.evaluate import Compiled, Files, Scope, compile_expr
from flow_lang.plan import UNDO, Expr, Plan, Task, Workflow
from flow_lang.types import Type, optional
from flow_lang.values import decode, encode

from flow_runtime.cache_keys import CacheKeys
from flow_runtime.executors.work import NameTypes
from flow_runtime.files import FlowFiles
from flow_runtime.loops import MAX_INSTANCES, TooManyInstances, in_step, nested
from flow_runtime.run_names import RunNames, Values
from flow_runtime.wire import dumps

if TYPE_CHECKING:
    from flow_runtime.host import Host

__all__ = ["MAX_INSTANCES", "RunInputs", "TooManyInstances"]


MOST = 64 * 1024 * 1024
"""Characters of JSON that one body may read; larger values travel as files."""
_SMALLER = ": let tasks give files, or use less of their results"


class RunInputs:
    """The values of one live run."""

    def __init__(self, store: Values, record: RunRecord, plan: Plan, scratch: str, host: "Host | None" = None) -> None:
        """`host` says where things are on this host; None where they are where the rows say."""
        self._store = store
        self._plan = plan
        self._run = record.id
        self._node = {task.name: i for i, task in enumerate(plan.workflow.tasks)}
        self._params = {name: dumps(value) for name, value in record.params.items()}
        self._types = NameTypes(plan.workflow)
        self._gathered: dict[int, str] = {}
        self._compiled: dict[int, Compiled] = {}
        overrides = store.overrides(record.id) if record.reopened_at is not None else {}
        self._overrides = {
            row: {name: dumps(value) for name, value in values.items()} for row, values in overrides.items()
        }
        """By row, the JSON text of each value that a replay has given."""
        self._own = RunNames(store, record, plan)
        self.cache_keys = CacheKeys(plan, None if host is None else host.here, record.namespace)
        self.folder = record.folder if host is None else host.folder(record.folder)
        own = FlowFiles(os.path.join(self.folder, os.path.dirname(plan.workflow.file)), scratch)
        self.files: Files = own if host is None else host.files(own)

    def texts(self, task: Task, place: int | None, names: Iterable[str]) -> dict[str, str]:
        """The JSON text of each name, as the instance at `place` sees it. Raises TooLarge."""
        clauses = {clause.var for clause in task.loop} if place is not None else ()
        found: dict[str, str] = {}
        elements: dict[str, str] | None = None
        given = self._given(task, place)
        for name in names:
            if name in given:
                found[name] = given[name]
            elif name in clauses and place is not None:
                elements = self._elements(task, place) if elements is None else elements
                found[name] = elements[name]
            else:
                text = self._text(name, task, place)
                if text is not None:
                    found[name] = text
        if sum(map(len, found.values())) > MOST:
            raise TooLarge(f"`{task.name}` reads more than {MOST // 2**20} MiB of JSON{_SMALLER}")
        return found

    def _given(self, task: Task | None, place: int | None) -> Mapping[str, str]:
        """What a replay has given in place of the values that the task would read."""
        if not self._overrides or task is None:
            return {}
        node = self._node[task.name]
        return self._overrides.get(node if place is None else self._store.row_of(self._run, node, place), {})

    def holds(self, task: Task, claim: Claim) -> bool:
        """Whether the task's `when` is true."""
        return task.when is None or bool(self.evaluate(task, claim.place, task.when))

    def evaluate(self, task: Task, place: int | None, expr: Expr | None) -> Any:
        """The value of an expression of the task, in memory; its inputs are not known yet."""
        if expr is None:
            return None
        names = [name for name in task.reads if name in names_of(expr)]
        return self._compile(expr)(self._scope(task, self.texts(task, place, names)))

    def encoded(self, task: Task, place: int | None, expr: Expr) -> str:
        """The value of an expression as the task's result."""
        return dumps(encode(task.result, self.evaluate(task, place, expr)))

    @staticmethod
    def checked(type_: Type, text: str) -> str:
        """A JSON text from outside, as a value of this type. Raises Mismatch."""
        return dumps(encode(type_, decode(type_, json.loads(text))))

    def cache_values(self, task: Task, place: int | None) -> dict[str, Any]:
        """What the cache key is made of beside the code: the values that `key(...)` names, or else all that the body is given."""
        assert task.cache is not None
        keys = task.cache.keys
        if keys is not None:
            return {shown_name(expr, at): self.evaluate(task, place, expr) for at, expr in enumerate(keys)}
        names = [name for name in task.reads if "." not in name]
        values = dict(self._scope(task, self.texts(task, place, names)).values)
        for given in task.inputs:
            values[given.name] = self._compile(given.value)(Scope(values, self.files))
        return values

    def arguments(self, task: Task, place: int | None, child: Workflow) -> dict[str, Any]:
        """The JSON value of each argument of a child run."""
        types = {param.name: param.type for param in child.params}
        return {name: encode(types[name], self.evaluate(task, place, expr)) for name, expr in task.body.args}

    def elements(self, task: Task) -> tuple[int, list[str] | None]:
        """The instances of a `for`: how many, and the element of each unless they are results of an aligned `for`. Of one clause
        an element is the value itself, of several a record of the variables."""
        if any(not clause.zipped for clause in task.loop[1:]):
            rows = nested(task.loop, self._list_in(task))
            return len(rows), [dumps(row) for row in rows]
        lists = {clause.var: self._list(task, clause.source) for clause in task.loop if clause.aligned is None}
        sizes = {c.var: len(lists[c.var]) if c.var in lists else self._size(c.aligned or "") for c in task.loop}
        size = in_step(sizes)
        if not lists:
            return size, None
        types = {clause.var: clause.type for clause in task.loop}
        columns = {var: [encode(types[var], value) for value in values] for var, values in lists.items()}
        if len(task.loop) == 1:
            return size, [dumps(value) for value in columns[task.loop[0].var]]
        return size, [dumps({var: column[i] for var, column in columns.items()}) for i in range(size)]

    def result(self) -> str | None:
        """The workflow's result; None where it is of nothing or was skipped."""
        workflow = self._plan.workflow
        if workflow.returns is None:
            return None
        texts = {name: self._text(name, None, None) for name in sorted(names_of(workflow.returns))}
        scope = self._scope(None, {name: text for name, text in texts.items() if text is not None})
        value = self._compile(workflow.returns)(scope)
        return None if value is None else dumps(encode(optional(workflow.result), value))

    def _scope(self, task: Task | None, texts: Mapping[str, str]) -> Scope:
        return Scope(self._types.decoded(task, {name: json.loads(text) for name, text in texts.items()}), self.files)

    def _text(self, name: str, task: Task | None, place: int | None) -> str | None:
        if name in self._params:
            return self._params[name]
        if name in self._node:
            return self._value(self._node[name])
        if name == "result" and task is not None and task.phase == UNDO:
            return self._undone(task, place)
        return self._own.text(name, task)

    def _value(self, node: int) -> str:
        if not self._plan.workflow.tasks[node].loop:
            return self._store.results(self._run, [node])[0] or "null"
        if self._store.size_of(self._run, node) < 0:
            return "null"  # it never had a list: what it needs was skipped, or failed
        if node not in self._gathered:
            self._gathered[node] = self._gather(node)
        return self._gathered[node]

    def _gather(self, node: int) -> str:
        try:
            return "[" + ",".join(self._store.gather(self._run, node, MOST)) + "]"
        except TooLarge as error:
            raise TooLarge(
                f"the results of `{self._plan.workflow.tasks[node].name}` are {error} together{_SMALLER}"
            ) from None

    def _undone(self, task: Task, place: int | None) -> str:
        node = self._node[task.of]
        row = node if place is None else self._store.row_of(self._run, node, place)
        return self._store.results(self._run, [row])[0] or "null"

    def _elements(self, task: Task, place: int) -> dict[str, str]:
        """The text of each `for` variable of an instance."""
        found: dict[str, str] = {}
        if any(clause.aligned is None for clause in task.loop):
            owner = self._node[task.of if task.phase == UNDO else task.name]
            text = self._store.items(self._run, [self._store.row_of(self._run, owner, place)])[0] or "null"
            if len(task.loop) == 1:
                return {task.loop[0].var: text}
            found = {var: dumps(value) for var, value in json.loads(text).items()}
        for clause in task.loop:
            if clause.aligned is not None:
                found[clause.var] = self._aligned(clause.aligned, clause.source, clause.type, place)
        return found

    def _aligned(self, name: str, source: Expr, type_: Type, place: int) -> str:
        parent = self._node[name]
        text = self._store.results(self._run, [self._store.row_of(self._run, parent, place)])[0] or "null"
        if source == ["ref", name]:
            return text
        element = decode(optional(self._plan.workflow.tasks[parent].result), json.loads(text))
        value = self._compile(source)(Scope({name: element}, self.files))
        return dumps(encode(optional(type_), value))

    def _size(self, name: str) -> int:
        return self._store.size_of(self._run, self._node[name])

    def _list(self, task: Task, source: Expr, variables: Mapping[str, Any] | None = None) -> Any:
        names = [name for name in names_of(source) if name not in (variables or ())]
        texts = {name: self._text(name, task, None) for name in names}
        texts.update({name: text for name, text in self._given(task, None).items() if name in texts})
        scope = self._scope(task, {name: text for name, text in texts.items() if text is not None})
        return self._compile(source)(Scope({**scope.values, **variables} if variables else scope.values, self.files))

    def _list_in(self, task: Task) -> Any:
        return lambda source, variables: self._list(task, source, variables)

    def _compile(self, expr: Expr) -> Compiled:
        key = id(expr)
        if key not in self._compiled:
            self._compiled[key] = compile_expr(expr)
        return self._compiled[key]


def names_of(expr: Any) -> set[str]:
    """The names that an expression refers to."""
    if not isinstance(expr, list):
        return set()
    if len(expr) == 2 and expr[0] == "ref":
        return {expr[1]}
    return {name for part in expr for name in names_of(part)}


def shown_name(expr: Expr, at: int) -> str:
    """What people call a part of a cache key: its name, or its position."""
    return str(expr[1]) if expr[0] == "ref" else f"key {at + 1}"
