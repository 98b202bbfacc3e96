"""Random workflows: plain and aligned `for`, chained, with optional edges, retries, delays, priorities, soft failures, waits, child runs, and
limits of all kinds. Limits of one name are the same in all of them, since runs share them."""

import random

from flow_lang import types
from flow_lang.plan import Body, Clause, Need, Plan, Pool, Rate, Retry, Task, Workflow

NOOP = Body("shell", ("true",))


POOL = Pool("p", 2)
RATE = Rate(1, 5.0)
CHILD = "c"


def random_plan(draw: random.Random, concurrency: int | None, shared: bool) -> Plan:
    """The workflow `w`, of which at most `concurrency` runs go on at once, and the workflow that its tasks may call. `shared`: with limits
    that runs share; without them a store asks less before it writes."""
    made = Plan("w", {"w": _workflow(draw, "w", 8, concurrency), CHILD: _workflow(draw, CHILD, 4, None)}, "w.flow", {})
    return made if shared else made._replace(workflows={name: _alone(one) for name, one in made.workflows.items()})


def _alone(workflow: Workflow) -> Workflow:
    tasks = tuple(task._replace(pool="", slots=1, rate=None) for task in workflow.tasks)
    return workflow._replace(tasks=tasks, concurrency=None)


def _workflow(draw: random.Random, name: str, most: int, concurrency: int | None) -> Workflow:
    tasks: list[Task] = []
    roots: dict[str, str] = {}
    """Of each `for` task, the one whose list it has: tasks of one root can be aligned with each other."""
    for number in range(draw.randint(1, most)):
        made = _task(draw, f"t{number}", tasks, roots)
        tasks.append(_limited(draw, made._replace(body=_body(draw, calls=name != CHILD))))
    undos: list[Task] = []
    for at, task in enumerate(tasks):
        if draw.random() < 0.25:
            tasks[at] = task._replace(undo=f"{task.name}.undo")
            undos.append(Task(f"{task.name}.undo", NOOP, (), task.loop, phase="undo", of=task.name, retry=_retry(draw)))
    handlers = [
        *(_handler(draw, f"f{number}", "failure", tasks) for number in range(draw.choice([0, 0, 1, 2]))),
        *(_handler(draw, f"z{number}", "finally", tasks) for number in range(draw.choice([0, 0, 1, 2]))),
    ]
    every = (*tasks, *undos, *handlers)
    return Workflow(name, (), every, fail_fast=draw.random() < 0.25, pools=(POOL,), concurrency=concurrency)


def _body(draw: random.Random, calls: bool) -> Body:
    chance = draw.random()
    if chance < 0.12:
        return Body("wait", function="event")
    return Body("child", function=CHILD) if calls and chance < 0.2 else NOOP


def _limited(draw: random.Random, task: Task) -> Task:
    """What has a body of its own may have each kind of limit; what waits or calls, a deadline alone."""
    deadline = 100.0 if draw.random() < 0.1 else None
    if task.body is not NOOP:
        return task._replace(deadline=deadline)
    pool, slots = ("p", draw.choice([1, 1, 2])) if draw.random() < 0.2 else ("", 1)
    concurrency = draw.choice([1, 2]) if draw.random() < 0.1 else None
    rate = RATE if draw.random() < 0.05 else None
    return task._replace(deadline=deadline, pool=pool, slots=slots, concurrency=concurrency, rate=rate)


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
