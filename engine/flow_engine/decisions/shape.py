"""The edges of a workflow as index arrays, made once for each plan and shared by all its runs."""

from typing import NamedTuple

from flow_lang.plan import PHASES, UNDO, Need, Workflow

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


def shape_of(workflow: Workflow) -> Shape:
    position = {task.name: i for i, task in enumerate(workflow.tasks)}
    phase = tuple(PHASE[task.phase] for task in workflow.tasks)
    children: list[list[Edge]] = [[] for _ in workflow.tasks]
    parents: list[tuple[Parent, ...]] = []
    for i, task in enumerate(workflow.tasks):
        needs = () if task.phase == UNDO else task.needs  # the phase itself says when an undo runs
        into = [(position[need.task], _how(need, later=phase[i] > phase[position[need.task]]), need) for need in needs]
        for node, how, need in into:
            children[node].append(Edge(i, how, need.skip_ok))
        parents.append(tuple(Parent(node, how, need.skip_ok) for node, how, need in into))
    unmet = tuple(map(len, parents))
    elements = tuple(tuple(parent for parent in group if parent.how == "element") for group in parents)
    counts = tuple(phase.count(number) for number in range(len(PHASES)))
    undo = tuple(position.get(task.undo, -1) if task.undo else -1 for task in workflow.tasks)
    undoes = tuple(position[task.of] if task.of and task.phase == UNDO else -1 for task in workflow.tasks)
    return Shape(workflow, tuple(map(tuple, children)), unmet, tuple(parents), elements, phase, counts, undo, undoes)


def _how(need: Need, later: bool) -> str:
    """What a later phase reads is there or absent: its end alone is waited for."""
    return "ended" if later else need.how
