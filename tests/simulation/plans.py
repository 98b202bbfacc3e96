"""Random workflows: plain and aligned `for`, chained, with optional edges, retries, delays, priorities and soft failures;
with what undoes, handles a failure, and is done at the end in any case."""

import random

from flow_lang import types
from flow_lang.plan import FAILURE, FINALLY, UNDO, Body, Clause, Need, Plan, Retry, Task, Workflow

NOOP = Body("shell", ("true",))


def random_plan(draw: random.Random, most: int = 8) -> Plan:
    tasks: list[Task] = []
    roots: dict[str, str] = {}
    """Of each `for` task, the one whose list it has: tasks of one root can be aligned with each other."""
    for number in range(draw.randint(1, most)):
        tasks.append(_task(draw, f"t{number}", tasks, roots))
    undone = [task for task in tasks if draw.random() < 0.4]
    undos = [_undo(draw, task) for task in undone]
    tasks = [task._replace(undo=f"{task.name}.undo") if task in undone else task for task in tasks]
    tasks += undos + _handlers(draw, FAILURE) + _handlers(draw, FINALLY)
    return Plan("w", {"w": Workflow("w", (), tuple(tasks), fail_fast=draw.random() < 0.3)}, "w.flow", {})


def _undo(draw: random.Random, of: Task) -> Task:
    return Task(f"{of.name}.undo", NOOP, (), of.loop, retry=_retry(draw), phase=UNDO, of=of.name)


def _handlers(draw: random.Random, phase: str) -> list[Task]:
    """At most two, the second after the first."""
    first = Task(f"{phase}0", NOOP, (), retry=_retry(draw), phase=phase)
    second = Task(f"{phase}1", NOOP, (Need(first.name, "order"),), phase=phase)
    return [first, second][: draw.randint(0, 2)]


def _task(draw: random.Random, name: str, before: list[Task], roots: dict[str, str]) -> Task:
    chosen = draw.sample(before, draw.randint(0, min(3, len(before))))
    needs = {task.name: Need(task.name, draw.choice(["value", "order"]), draw.random() < 0.3) for task in chosen}
    loop: tuple[Clause, ...] = ()
    fors = [task for task in before if task.loop]
    if fors and draw.random() < 0.45:
        loop = _aligned(draw, name, fors, needs, roots)
    elif draw.random() < 0.35:
        loop = (Clause("x", types.STR, ["ref", "xs"], None),)
        roots[name] = name
    return Task(
        name,
        NOOP,
        tuple(needs.values()),
        loop,
        single=True,
        result=types.STR,
        retry=_retry(draw),
        delay=draw.choice([0.0, 0.0, 0.0, 3.0]),
        priority=draw.randint(0, 9),
        optional=draw.random() < 0.15,
    )


def _aligned(
    draw: random.Random, name: str, fors: list[Task], needs: dict[str, Need], roots: dict[str, str]
) -> tuple[Clause, ...]:
    """One element edge or two, as `for a, b in zip(first, second)` has."""
    first = draw.choice(fors)
    roots[name] = roots[first.name]
    alike = [task for task in fors if roots[task.name] == roots[first.name]]
    for parent in [*draw.sample(alike, min(len(alike), draw.randint(1, 2))), first]:
        needs[parent.name] = Need(parent.name, "element", draw.random() < 0.3)
    return (Clause("x", types.STR, ["ref", first.name], first.name),)


def _retry(draw: random.Random) -> Retry:
    if draw.random() < 0.5:
        return Retry()
    return Retry(draw.randint(1, 3), draw.choice([0.0, 1.0, 20.0]), 2.0, 60.0, draw.choice(["none", "full"]))
