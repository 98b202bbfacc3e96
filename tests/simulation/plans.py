"""Random workflows: plain and aligned `for`, chained, with optional edges, retries, delays, priorities and soft failures."""

import random

from flow_lang import types
from flow_lang.plan import Body, Clause, Need, Plan, Retry, Task, Workflow

NOOP = Body("shell", ("true",))


def random_plan(draw: random.Random, most: int = 8) -> Plan:
    tasks: list[Task] = []
    roots: dict[str, str] = {}
    """Of each `for` task, the one whose list it has: tasks of one root can be aligned with each other."""
    for number in range(draw.randint(1, most)):
        tasks.append(_task(draw, f"t{number}", tasks, roots))
    undos: list[Task] = []
    for at, task in enumerate(tasks):
        if draw.random() < 0.25:
            tasks[at] = task._replace(undo=f"{task.name}.undo")
            undos.append(Task(f"{task.name}.undo", NOOP, (), task.loop, phase="undo", of=task.name, retry=_retry(draw)))
    handlers = [
        *(_handler(draw, f"f{number}", "failure", tasks) for number in range(draw.choice([0, 0, 1, 2]))),
        *(_handler(draw, f"z{number}", "finally", tasks) for number in range(draw.choice([0, 0, 1, 2]))),
    ]
    workflow = Workflow("w", (), (*tasks, *undos, *handlers), fail_fast=draw.random() < 0.25)
    return Plan("w", {"w": workflow}, "w.flow", {})


def _handler(draw: random.Random, name: str, phase: str, main: list[Task]) -> Task:
    needs = [Need(task.name, "ended", True) for task in draw.sample(main, min(len(main), draw.randint(0, 2)))]
    return Task(name, NOOP, tuple(needs), phase=phase, retry=_retry(draw))


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
