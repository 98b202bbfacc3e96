"""What runs the bodies of one kind. `executors.<kind>` is a module, or a package, with an `EXECUTOR`; it is imported when its first body runs."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Literal, Protocol

from flow_engine.errors import Refused
from flow_lang.evaluate import Scope
from flow_lang.named import NamedTuple
from flow_lang.plan import Plan

from flow_runtime.executors.child import Group, Interrupt
from flow_runtime.executors.folders import HomeFolder
from flow_runtime.executors.work import Work

DECIDED = ("wait", "child")
"""The kinds of body that no executor runs: the engine decides what becomes of them."""


class Station(NamedTuple):
    """What a slot gives to the executors in it: how a body that is to end hears of it, where the process group of a child is noted, the slot's own
    folder, which it enters before a body and empties after it, and the environment as it was before any body ran."""

    interrupt: Interrupt
    group: Group
    home: HomeFolder
    environment: Mapping[str, str]


class Runner(Protocol):
    """Lives as long as its slot, and runs one body at a time."""

    def run(self, work: Work, scope: Scope) -> object:
        """The body's result, as JSON can hold it. Raises BodyFailed, BodyCancelled. What it prints belongs in `work.log`, masked by
        `work.secrets`; `work.scratch` is a folder of the attempt, which is made by who needs it and removed afterwards."""
        ...


class Executor(NamedTuple):
    """`in_tests` says what `flow test` does with a task that has no mock: `run` its body, `skip` it as if it had gone well, or ask for a `mock`,
    as for all that reaches outside and has a result."""

    open: Callable[[Station], Runner]
    in_tests: Literal["run", "skip", "mock"] = "run"


class UnknownKind(Refused):
    """A newer Flow has made the plan than is to run it."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"this Flow runs no `{kind}` bodies: it is older than the one that made the plan; install that one, or leave the run to its workers"
        )


@cache
def executor(kind: str) -> Executor:
    """Raises UnknownKind: a plan may be newer than what runs it."""
    name = f"{__package__}.{kind}"
    try:
        found: Executor = import_module(name).EXECUTOR
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise UnknownKind(kind) from error
    return found


def need_kinds(plan: Plan) -> None:
    """Raises UnknownKind where this Flow cannot run a body of the plan, be it of a child run or of what handles a failure: such a run is left
    to who can."""
    from importlib.util import find_spec

    kinds = {task.body.kind for workflow in plan.workflows.values() for task in workflow.tasks}
    for kind in sorted(kinds - {*DECIDED}):
        if find_spec(f"{__package__}.{kind}") is None:
            raise UnknownKind(kind)


def load(kinds: Iterable[str]) -> None:
    """Imports what runs these kinds, so that every process forked from this one has it. An unknown kind is told when its body is to run."""
    for kind in kinds:
        with suppress(UnknownKind):
            executor(kind)
