"""The edges of a workflow as index arrays, made once for each plan and shared by all its runs."""

from flow_lang.named import NamedTuple
from flow_lang.plan import PHASES, UNDO, Task, Workflow

OWN = ("wait", "child")
"""Kinds of bodies that end in what only the owner of a run decides."""
PHASE = {name: number for number, name in enumerate(PHASES)}
"""Phases by number, in the order in which they run."""


class Edge(NamedTuple):
    """To `child`, an index into the workflow's tasks. `how` and `skip_ok` are those of `plan.Need`."""

    child: int
    how: str
    skip_ok: bool


class Parent(NamedTuple):
    """From task `node`: the same edge seen from its child."""

    node: int
    how: str
    skip_ok: bool


class Shape(NamedTuple):
    """`children[i]` are the edges out of task i; `unmet[i]` how many edges it waits for at first;
    `parents[i]` are the edges
    into task i and `elements[i]` those of them that are aligned. `phase[i]` is its phase (PHASE), `counts` how many tasks each phase
    has. `undo[i]` is the task that undoes task i and `undoes[i]` the task that task i undoes, -1 where there is none."""

    workflow: Workflow
    children: tuple[tuple[Edge, ...], ...]
    unmet: tuple[int, ...]
    parents: tuple[tuple[Parent, ...], ...]
    elements: tuple[tuple[Parent, ...], ...]
    phase: tuple[int, ...]
    counts: tuple[int, ...]
    undo: tuple[int, ...]
    undoes: tuple[int, ...]
    aligned: tuple[tuple[Edge, ...], ...]
    """`children`, those of them that are aligned."""
    loops: tuple[bool, ...]
    """Whether the task is a `for`."""
    free: tuple[bool, ...]
    """Whether its bodies may start whatever else runs: no pool, no rate, no limit of instances."""
    labels: tuple[tuple[str, ...], ...]
    """What a worker must have to run the bodies of each task, in order; nothing for what the owner of the run decides itself. Empty where no
    task needs any."""


def shape_of(workflow: Workflow) -> Shape:
    tasks = workflow.tasks
    position = {task.name: i for i, task in enumerate(tasks)}
    phase = tuple([PHASE[task.phase] for task in tasks])
    children: list[list[Edge]] = [[] for _ in tasks]
    parents: list[tuple[Parent, ...]] = []
    for i, task in enumerate(tasks):
        into = []
        for need in () if task.phase == UNDO else task.needs:  # the phase itself says when an undo runs
            node = position[need.task]
            # what a later phase reads is there or absent: its end alone is waited for
            how = "ended" if phase[i] > phase[node] else need.how
            children[node].append(Edge(i, how, need.skip_ok))
            into.append(Parent(node, how, need.skip_ok))
        parents.append(tuple(into))
    return Shape(
        workflow,
        tuple(map(tuple, children)),
        tuple(map(len, parents)),
        tuple(parents),
        tuple([tuple([edge for edge in group if edge.how == "element"]) for group in parents]),
        phase,
        tuple([phase.count(number) for number in range(len(PHASES))]),
        tuple([position.get(task.undo, -1) if task.undo else -1 for task in tasks]),
        tuple([position[task.of] if task.of and task.phase == UNDO else -1 for task in tasks]),
        tuple([tuple([edge for edge in group if edge.how == "element"]) for group in children]),
        tuple([bool(task.loop) for task in tasks]),
        tuple([task.concurrency is None and not task.pool and task.rate is None for task in tasks]),
        tuple([_labels_of(task) for task in tasks]) if any(map(_labels_of, tasks)) else (),
    )


def _labels_of(task: Task) -> tuple[str, ...]:
    return () if task.body.kind in OWN else tuple(sorted({*task.labels}))
