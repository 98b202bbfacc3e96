"""One attempt as a slot sees it."""

import os
from collections.abc import Mapping
from typing import Any

from flow_lang.evaluate import Compiled, Scope, compile_expr
from flow_lang.named import NamedTuple
from flow_lang.plan import Expr, Plan, Task, Workflow
from flow_lang.types import STR, Type, list_of, optional
from flow_lang.values import decode

from flow_runtime.executors.secrets import NO_SECRETS, Secrets
from flow_runtime.files import FlowFiles
from flow_runtime.trace_ids import traceparent, tracing


class Place(NamedTuple):
    """The folders of a state that a slot uses, and the folder that holds flow-out. `storage`: where other hosts find what is kept, or
    nothing."""

    files: str
    scratch: str
    logs: str
    commands: str
    incarnation: str
    storage: str = ""


class Setting:
    """What all tasks of one workflow have in common; `plan`'s entry is that workflow, and `folder` is that of the entry's file."""

    def __init__(self, plan: Plan, folder: str, place: Place) -> None:
        self.plan = plan
        self.folder = folder
        self.place = place
        self.types = NameTypes(plan.workflow)
        self.source = plan.workflow.file or plan.file
        """The flow file that the workflow is written in, as the plan names it."""
        self.source_path = os.path.join(folder, self.source)
        """And as tracebacks do."""
        self.source_folder = os.path.dirname(self.source_path)
        """Where relative paths of the workflow's file start."""
        self.traced = tracing()


class Brief:
    """What all attempts of one task have in common, worked out once."""

    def __init__(self, setting: Setting, task: Task) -> None:
        self.setting = setting
        self.task = task
        self.inputs = tuple((given.name, compile_expr(given.value)) for given in task.inputs)
        self._own = setting.types.own(task)
        self._compiled: dict[int, tuple[Expr, Compiled]] = {}

    def decoded(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values in memory, as an expression of the task sees them."""
        return self.setting.types.decoded_with(self._own, values) if values else {}

    def compiled(self, expr: Expr) -> Compiled:
        """For an expression of the plan, which is compiled once."""
        found = self._compiled.get(id(expr))
        if found is None:
            found = self._compiled[id(expr)] = (expr, compile_expr(expr))
        return found[1]


class Work(NamedTuple):
    """`scratch` is the folder of this attempt, `log` where its output goes."""

    number: int
    run: str
    seq: int
    attempt: int
    key: str
    brief: Brief
    task: Task
    values: Mapping[str, Any]
    scratch: str
    log: str
    secrets: Secrets = NO_SECRETS

    @property
    def plan(self) -> Plan:
        """Its entry is the workflow of this run."""
        return self.brief.setting.plan

    @property
    def folder(self) -> str:
        """The folder of the entry's file."""
        return self.brief.setting.folder

    @property
    def place(self) -> Place:
        return self.brief.setting.place

    @property
    def source_folder(self) -> str:
        """The folder of the file that the task is written in."""
        return self.brief.setting.source_folder

    def environment(self) -> dict[str, str]:
        """What every body finds in its environment."""
        return {**self.own_environment(), **self.run_environment()}

    def own_environment(self) -> dict[str, str]:
        """What differs from one attempt to the next. The idempotency key is the same for all attempts of a task; the fence rises."""
        attempt = str(self.attempt)
        own = {
            "FLOW_TASK": self.key,
            "FLOW_ATTEMPT": attempt,
            "FLOW_FENCE": attempt,
            "FLOW_IDEMPOTENCY_KEY": f"{self.run}:{self.key}",
        }
        if self.brief.setting.traced:
            own["TRACEPARENT"] = own["FLOW_TRACEPARENT"] = traceparent(self.run, self.seq, self.attempt)
        return own

    def run_environment(self) -> dict[str, str]:
        return {"FLOW_RUN": self.run, "FLOW_FOLDER": self.source_folder, "FLOW_ENGINE": self.place.incarnation}


def log_path(logs: str, run: str, seq: int, attempt: int) -> str:
    """Where an attempt's output goes; there is no file where there was no output."""
    return f"{logs}/{run}/{seq}.{attempt}.log"


def log_name(seq: int, attempt: int) -> str:
    """Of that file, in the folder of the run."""
    return f"{seq}.{attempt}.log"


def captured_path(log: str) -> str:
    """Where standard output goes while the body of a task whose output is its result runs."""
    return f"{log}.out"


OCCASION = ("run.id", "run.workflow", "run.status", "error.task", "error.code", "error.message")
"""What a notification tells of, whether its arguments name it or not."""


def names_sent(task: Task) -> tuple[str, ...]:
    """The names whose values a body is sent."""
    return tuple(dict.fromkeys((*task.reads, *OCCASION))) if task.body.kind == "notify" else task.reads


_TEXT = optional(STR)
"""The type of the names with a dot: `run.id`, `error.code`, `fetch.status`."""


class NameTypes:
    """The type of every name of a workflow; made once for a plan. Tasks and `for` variables count as optional, since they may have
    been skipped. One is worked out when it is first asked for: a slot runs few of the tasks of a large workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self._types = {param.name: param.type for param in workflow.params}
        self._tasks = {task.name: task for task in workflow.tasks}

    def decoded(self, task: Task | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values in memory, as an expression of `task` sees them."""
        return self.decoded_with(self.own(task) if task else {}, values)

    def own(self, task: Task) -> dict[str, Type]:
        """The types of the names that mean something else in another task."""
        own = {clause.var: optional(clause.type) for clause in task.loop}
        if task.of:
            own["result"] = optional(self._tasks[task.of].result)
        return own

    def of(self, task: Task, name: str) -> Type:
        """The type of a name as this task sees it."""
        return self.own(task).get(name) or self._type(name)

    def decoded_with(self, own: Mapping[str, Type], values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: decode(own.get(name) or self._type(name), value) for name, value in values.items()}

    def _type(self, name: str) -> Type:
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._find(name)
        return found

    def _find(self, name: str) -> Type:
        task = self._tasks.get(name)
        if task is not None:
            return optional(task.value_type())
        gathered = self._tasks.get(name.removesuffix(".all")) if name.endswith(".all") else None
        return list_of(optional(gathered.result)) if gathered is not None and gathered.loop else _TEXT


def scope_of(work: Work) -> Scope:
    """The values of the names that the task reads, its secrets, and then its inputs, each evaluated in the order of declaration. Raises
    BodyFailed(storage)."""
    brief = work.brief
    values = brief.decoded(work.values) if work.values else {}
    if work.place.storage and values:
        from flow_runtime.executors.sharing import values_here

        values = values_here(work.place.files, work.place.storage, values)
    if work.secrets is not NO_SECRETS:
        values.update(work.secrets.values)
    scope = Scope(values, FlowFiles(brief.setting.source_folder, work.scratch))
    for name, compiled in brief.inputs:
        values[name] = compiled(scope)
    return scope
