"""A plan: a checked workflow as data, which any worker can run without the source file beside it.

Everything here is JSON at rest (bundle.py) and tuples in memory. Expressions stay in their JSON form (see `evaluate.py`); types are
`types.Type`. In one workflow the parameters, secrets, `for` variables, inputs and tasks share one name space (the checker refuses
shadowing), so an expression names a value by `["ref", NAME]` alone. Names with a dot are not of the workflow but of its run:
`run.id run.workflow run.status`, `error.task error.code error.message` (in handlers), `TASK.status` and `TASK.all`, and in a schedule
`fire.date fire.time`. In an `undo`, `result` is the result that is undone.
"""

from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.types import NOTHING, Type, list_of

Expr = list[Any]
"""An expression: `[operator, operand...]`, the operators being those of `evaluate.py`."""

FORMAT = 2
"""The version of this representation; it is part of the hash, so that an old cached plan is never misread."""

MAIN, UNDO, FAILURE, FINALLY = "main", "undo", "failure", "finally"
PHASES = (MAIN, UNDO, FAILURE, FINALLY)
"""The phases of a run: one begins when all tasks of those before it have ended. `undo` and `failure` are skipped unless the run failed
(`undo`: or was cancelled)."""


class Param(NamedTuple):
    name: str
    type: Type
    default: Expr | None
    doc: str = ""


class Clause(NamedTuple):
    """`VAR in SOURCE`. `aligned` names the `for` task whose element i flows to element i here, with no barrier; then `source` is
    an expression over the element itself (`["ref", ALIGNED]`, or a field of it), else one that gives the whole list.

    A clause with `zipped` goes in step with the clause before it (`for r, o in zip(regions, fetch)`: r, then o with `zipped`); one
    without is a loop inside the one before it, whose variables its source may use. Only where all clauses are in step is any aligned.
    """

    var: str
    type: Type
    source: Expr
    aligned: str | None
    zipped: bool = False


class Need(NamedTuple):
    """An edge. `how`: `value` (the finished task, gathered if it is a `for` task), `element` (instance i of an aligned `for` task),
    `order` (`after`: no data), `ended` (its end, whatever it is: for `TASK.status`), `failure` (goes on only where the task has
    failed: for what a task does `on failure`). A skipped parent skips this task unless `skip_ok`."""

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


class Rate(NamedTuple):
    """At most `starts` in `per` seconds, evenly spaced."""

    starts: int
    per: float


class Limits(NamedTuple):
    """What a body may use: `memory` and `output` in bytes, `cpu` in seconds. None: no limit of its own."""

    memory: int | None = None
    cpu: float | None = None
    output: int | None = None


class Cache(NamedTuple):
    """`keys` replace the inputs in the cache key (None: the inputs, by value, files by content). `ttl` in seconds."""

    keys: tuple[Expr, ...] | None = None
    ttl: float | None = None


class Body(NamedTuple):
    """What a task does. `kind`:

    - `shell`: `parts` is the script: a str is literal text, a list is `[context, how, expression]` where context is `bare` or `double` (the
      shell's quoting around it) and how is `word`, `words`, `raw` or `secret`; `with_` is the interpreter ("" = bash -euo pipefail).
    - `python`: `code` is the body of a function, dedented; `names` the values it reads; `line` the line of the file where code starts.
    - `call`: `code` is the path of the Python file in the plan's sources, `function` its function, `args` the keyword arguments (the
      worker turns records into the annotated dataclass or TypedDict, and files into Path, when it has imported the function).
    - `http`: `function` is the method; `parts` the URL: a str is literal, a list is `["url", how, expression]` with how `word` (percent-
      encoded) or `raw`; `headers`; `payload` the body's value with `payload_kind` `json`, `text`, `form` or `file`; `query` (a map);
      `expect` the statuses that are no failure (empty: 200 to 299).
    - `child`: `function` is the key of a workflow in the plan, `args` its parameters.
    - `wait`: `function` is `event`, `approval`, `duration` or `until`; `payload` what is waited for (the event's name, the question, the
      duration, the datetime); `default` the result when the task's `timeout` has passed (None: it fails).
    - `notify`: `function` is `webhook` or `email`; `args` its arguments by name.
    """

    kind: str
    parts: tuple[Any, ...] = ()
    with_: str = ""
    code: str = ""
    function: str = ""
    args: tuple[tuple[str, Expr], ...] = ()
    names: tuple[str, ...] = ()
    line: int = 0
    headers: tuple[tuple[str, Expr], ...] = ()
    query: tuple[tuple[str, Expr], ...] = ()
    payload: Expr | None = None
    payload_kind: str = ""
    expect: tuple[int, ...] = ()
    default: Expr | None = None


class Task(NamedTuple):
    """A task of a workflow. `reads` are the names (parameters, `for` variables, tasks, names with a dot) that `when`, inputs, outputs
    and the body use, without secrets, which are in `secrets`.

    `single` says that the task was declared `-> T`: its value is that one result; else its value is a record of `outputs`.
    `undo` is the name of the task that undoes this one; that one has phase `undo`, names this one in `of`, repeats its loop and the
    inputs that it uses, and has an instance for each of its instances. `pool` with a name of the workflow's `pools` is that pool, else
    one of the server's. `dead_letter` is a topic. `rate`, `concurrency` (instances at once in one run) and `pool` hold starts back.
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
    phase: str = MAIN
    undo: str = ""
    of: str = ""
    deadline: float | None = None
    pool: str = ""
    slots: int = 1
    concurrency: int | None = None
    rate: Rate | None = None
    labels: tuple[str, ...] = ()
    limits: Limits = Limits()
    cache: Cache | None = None
    at_most_once: bool = False
    dead_letter: str = ""
    secrets: tuple[str, ...] = ()

    def value_type(self) -> Type:
        """The type of the task's name in an expression, not counting `when`: a `for` lifts `T` to `list[T]`."""
        return list_of(self.result) if self.loop else self.result


class Secret(NamedTuple):
    """A value that the worker reads when a body starts. `source`: `env` (a variable `key`) or `file` (its text, without the last newline)."""

    name: str
    source: str
    key: str


class Pool(NamedTuple):
    name: str
    slots: int


class Schedule(NamedTuple):
    """`cron` has five fields; `tz` is an IANA zone. `overlap`: `skip`, `queue`,
    `allow` or `cancel` (the running one). `catchup` of missed instants: `none`, `last` or `all`. `params` may use `fire.date` (in the
    zone) and `fire.time`."""

    cron: str
    tz: str = "UTC"
    overlap: str = "skip"
    catchup: str = "last"
    params: tuple[tuple[str, Expr], ...] = ()


class Workflow(NamedTuple):
    """`tasks` are in topological order, in the order of their phases. `timeout` bounds the run, in seconds. `file` is the path of the
    source, relative to the entry's folder ("" = the entry's file). `concurrency`: runs at once; others stay queued."""

    name: str
    params: tuple[Param, ...]
    tasks: tuple[Task, ...]
    result: Type = NOTHING
    returns: Expr | None = None
    timeout: float | None = None
    doc: str = ""
    line: int = 0
    file: str = ""
    secrets: tuple[Secret, ...] = ()
    pools: tuple[Pool, ...] = ()
    schedule: Schedule | None = None
    concurrency: int | None = None
    fail_fast: bool = False
    priority: int = 0
    labels: tuple[str, ...] = ()

    def task(self, name: str) -> Task:
        return next(task for task in self.tasks if task.name == name)


class Plan(NamedTuple):
    """The entry workflow, the workflows that it calls, and the text of each source file by its path relative to the entry's folder.

    A key of `workflows` is a workflow's name, or `PATH:NAME` for one of an imported file."""

    entry: str
    workflows: dict[str, Workflow]
    file: str
    sources: dict[str, str]
    edition: int = 1

    @property
    def workflow(self) -> Workflow:
        return self.workflows[self.entry]
