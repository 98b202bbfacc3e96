"""Small plans made by hand, for tests of the engine that need no parser."""

from flow_lang import types
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.plan import Body, Clause, Need, Plan, Task, Workflow

NOOP = Body("shell", ("true",))


def task(name: str, *after: str, **fields: object) -> Task:
    """A task that waits for others, without data."""
    return Task(name, NOOP, tuple(Need(other, "order") for other in after), **fields)  # type: ignore[arg-type]


def value_task(name: str, *reads: str, skip_ok: bool = False, **fields: object) -> Task:
    """A task that uses the values of others and gives a str."""
    needs = tuple(Need(other, "value", skip_ok) for other in reads)
    return Task(name, NOOP, needs, reads=reads, single=True, result=types.STR, **fields)  # type: ignore[arg-type]


def each(name: str, source: str, aligned: bool = False, **fields: object) -> Task:
    """`task NAME for x in SOURCE`, element by element where `aligned`."""
    need = Need(source, "element" if aligned else "value")
    clause = Clause("x", types.STR, ["ref", source], source if aligned else None)
    return Task(name, NOOP, (need,), (clause,), reads=("x",), single=True, result=types.STR, **fields)  # type: ignore[arg-type]


def plan(*tasks: Task, name: str = "w", **fields: object) -> Plan:
    return Plan(name, {name: Workflow(name, (), tasks, **fields)}, "w.flow", {})  # type: ignore[arg-type]


def undo(of: Task, **fields: object) -> Task:
    """What undoes a task; that one names it: `task(..., undo="NAME.undo")`."""
    return Task(f"{of.name}.undo", NOOP, (), of.loop, phase="undo", of=of.name, **fields)  # type: ignore[arg-type]


def handler(name: str, phase: str, *after: str, **fields: object) -> Task:
    needs = tuple(Need(other, "ended", True) for other in after)
    return Task(name, NOOP, needs, phase=phase, **fields)  # type: ignore[arg-type]


def digest(made: Plan) -> str:
    return bundle_hash(bundle_of(made))
