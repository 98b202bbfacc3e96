"""A plan: a checked workflow as data, which any worker can run without the source file beside it.

Everything here is JSON at rest (`to_json`, `from_json`) and tuples in memory. Expressions stay in their JSON form (see
`evaluate.py`); types are `types.Type`. In one workflow the parameters, `for` variables, inputs and tasks share one name space
(the checker refuses shadowing), so an expression names a value by `["ref", NAME]` alone.
"""

import hashlib
import json
from typing import Any, NamedTuple

from flow_lang.types import NOTHING, Type, from_json, list_of, to_json

Expr = list[Any]
"""An expression: `[operator, operand...]`, the operators being those of `evaluate.py`."""

FORMAT = 1
"""The version of this representation; it is part of the hash, so that an old cached plan is never misread."""


class Param(NamedTuple):
    name: str
    type: Type
    default: Expr | None
    doc: str = ""


class Clause(NamedTuple):
    """`VAR in SOURCE`. `aligned` names the `for` task whose element i flows to element i here, with no barrier; then `source` is
    an expression over the element itself (`["ref", ALIGNED]`, or a field of it), else one that gives the whole list."""

    var: str
    type: Type
    source: Expr
    aligned: str | None


class Need(NamedTuple):
    """An edge. `how`: `value` (the finished task, gathered if it is a `for` task), `element` (instance i of an aligned `for`
    task), `order` (`after`: no data). A skipped parent skips this task unless `skip_ok`."""

    task: str
    how: str
    skip_ok: bool = False


class Input(NamedTuple):
    name: str
    type: Type
    value: Expr


class Output(NamedTuple):
    """A declared result. `path` (an expression of type str) says where the body leaves the file, relative to its folder."""

    name: str
    type: Type
    path: Expr | None = None


class Retry(NamedTuple):
    """`retries` attempts more after the first. Delay before failure number k (from 1): `base * factor ** (k - 1)` seconds, at most `cap`;
    `jitter`: `none`, or `full` (uniform between 0 and the delay). `on`: error codes that are retried; empty: all."""

    retries: int = 0
    base: float = 0.0
    factor: float = 1.0
    cap: float = 3600.0
    jitter: str = "none"
    on: tuple[str, ...] = ()


class Body(NamedTuple):
    """What a task does. `kind`:

    - `shell`: `parts` is the script: a str is literal text, a list is `[context, how, expression]` where context is `bare` or `double` (the
      shell's quoting around it) and how is `word`, `words` or `raw`; `with_` is the interpreter ("" = the default, bash -euo pipefail).
    - `python`: `code` is the body of a function, dedented; `names` the values it reads; `line` the line of the file where code starts.
    - `call`: `code` is the path of the Python file in the plan's sources, `function` its function, `args` the keyword arguments (the
      worker turns records into the annotated dataclass or TypedDict, and files into Path, when it has imported the function).
    """

    kind: str
    parts: tuple[Any, ...] = ()
    with_: str = ""
    code: str = ""
    function: str = ""
    args: tuple[tuple[str, Expr], ...] = ()
    names: tuple[str, ...] = ()
    line: int = 0


class Task(NamedTuple):
    """A task of a workflow. `reads` are the names (parameters, `for` variables, tasks) that `when`, inputs, outputs and the body use.

    `single` says that the task was declared `-> T`: its value is that one result; else its value is a record of `outputs`.
    """

    name: str
    body: Body
    needs: tuple[Need, ...] = ()
    loop: tuple[Clause, ...] = ()
    when: Expr | None = None
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    single: bool = False
    result: Type = NOTHING
    reads: tuple[str, ...] = ()
    retry: Retry = Retry()
    timeout: float | None = None
    delay: float = 0.0
    priority: int = 0
    optional: bool = False
    doc: str = ""
    line: int = 0

    def value_type(self) -> Type:
        """The type of the task's name in an expression, not counting `when`: a `for` lifts `T` to `list[T]`."""
        return list_of(self.result) if self.loop else self.result


class Workflow(NamedTuple):
    """`tasks` are in topological order. `timeout` bounds the run, in seconds."""

    name: str
    params: tuple[Param, ...]
    tasks: tuple[Task, ...]
    result: Type = NOTHING
    returns: Expr | None = None
    timeout: float | None = None
    doc: str = ""
    line: int = 0

    def task(self, name: str) -> Task:
        return next(task for task in self.tasks if task.name == name)


class Plan(NamedTuple):
    """The entry workflow, the workflows that it calls, and the text of each source file by its path relative to the entry's folder."""

    entry: str
    workflows: dict[str, Workflow]
    file: str
    sources: dict[str, str]
    edition: int = 1

    @property
    def workflow(self) -> Workflow:
        return self.workflows[self.entry]


def plan_to_json(plan: Plan) -> dict[str, Any]:
    workflows = {name: _pack(workflow) for name, workflow in plan.workflows.items()}
    return {
        "format": FORMAT,
        "edition": plan.edition,
        "entry": plan.entry,
        "file": plan.file,
        "workflows": workflows,
        "sources": plan.sources,
    }


def bundle_of(plan: Plan) -> str:
    """The plan as one JSON text, the same text for the same plan. Keys keep their order: that of a record's fields has a meaning."""
    return json.dumps(plan_to_json(plan), separators=(",", ":"), ensure_ascii=False)


def bundle_hash(bundle: str) -> str:
    """The content address of a bundle: 64 hexadecimal digits."""
    return hashlib.sha256(bundle.encode("utf-8", "surrogatepass")).hexdigest()


def plan_from_json(packed: dict[str, Any]) -> Plan:
    if packed.get("format") != FORMAT:
        raise ValueError(f"this plan has format {packed.get('format')}, and this version of Flow reads format {FORMAT}")
    workflows = {name: _workflow(spec) for name, spec in packed["workflows"].items()}
    return Plan(packed["entry"], workflows, packed["file"], packed["sources"], packed["edition"])


def _pack(value: Any) -> Any:
    """A tuple class becomes an object without its default fields; a type, its own spelling; a plain tuple, a list."""
    if isinstance(value, Type):
        return to_json(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        named: Any = value
        defaults = named._field_defaults
        return {n: _pack(v) for n, v in named._asdict().items() if n not in defaults or defaults[n] != v}
    if isinstance(value, tuple | list):
        return [_pack(item) for item in value]
    return value


def _workflow(spec: dict[str, Any]) -> Workflow:
    fields = dict(spec)
    fields["params"] = tuple(Param(**{**p, "type": from_json(p["type"])}) for p in spec["params"])
    fields["tasks"] = tuple(_task(task) for task in spec["tasks"])
    if "result" in spec:
        fields["result"] = from_json(spec["result"])
    return Workflow(**fields)


def _task(spec: dict[str, Any]) -> Task:
    fields = dict(spec)
    fields["body"] = _body(spec["body"])
    fields["needs"] = tuple(Need(**need) for need in spec.get("needs", ()))
    fields["loop"] = tuple(Clause(**{**c, "type": from_json(c["type"])}) for c in spec.get("loop", ()))
    fields["inputs"] = tuple(Input(**{**i, "type": from_json(i["type"])}) for i in spec.get("inputs", ()))
    fields["outputs"] = tuple(Output(**{**o, "type": from_json(o["type"])}) for o in spec.get("outputs", ()))
    fields["reads"] = tuple(spec.get("reads", ()))
    if "result" in spec:
        fields["result"] = from_json(spec["result"])
    if "retry" in spec:
        fields["retry"] = Retry(**{**spec["retry"], "on": tuple(spec["retry"].get("on", ()))})
    return Task(**fields)


def _body(spec: dict[str, Any]) -> Body:
    fields = dict(spec)
    fields["parts"] = tuple(spec.get("parts", ()))
    fields["args"] = tuple((name, value) for name, value in spec.get("args", ()))
    fields["names"] = tuple(spec.get("names", ()))
    return Body(**fields)
