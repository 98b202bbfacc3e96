"""The edges of a workflow as index arrays, made once for each plan and shared by all its runs."""

from typing import NamedTuple

from flow_lang.plan import Workflow


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
    into task i and `elements[i]` those of them that are aligned."""

    workflow: Workflow
    children: tuple[tuple[Edge, ...], ...]
    unmet: tuple[int, ...]
    parents: tuple[tuple[Parent, ...], ...]
    elements: tuple[tuple[Parent, ...], ...]


def shape_of(workflow: Workflow) -> Shape:
    position = {task.name: i for i, task in enumerate(workflow.tasks)}
    children: list[list[Edge]] = [[] for _ in workflow.tasks]
    parents: list[tuple[Parent, ...]] = []
    for i, task in enumerate(workflow.tasks):
        for need in task.needs:
            children[position[need.task]].append(Edge(i, need.how, need.skip_ok))
        parents.append(tuple(Parent(position[need.task], need.how, need.skip_ok) for need in task.needs))
    unmet = tuple(map(len, parents))
    elements = tuple(tuple(parent for parent in group if parent.how == "element") for group in parents)
    return Shape(workflow, tuple(map(tuple, children)), unmet, tuple(parents), elements)
