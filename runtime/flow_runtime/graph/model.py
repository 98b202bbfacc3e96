"""What a drawing shows: the nodes and edges of one workflow, with the states of a run when there is one.

Pure data, made from a plan by `graph_of`. Nothing here draws, and importing it imports no drawing library.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flow_lang.plan import MAIN, Expr, Task, Workflow
from flow_lang.types import NOTHING

START, FINISH = ":start", ":finish"
"""The ids of the two ends; no task can be called so."""


class NodeState(NamedTuple):
    """A task of a run. `done`, `total`, `failed` and `skipped` count instances (of a `for` task; else `total` is 1 or 0); `attempt` is the
    latest. `seconds` go from its start, of a `for` that of the first instance, to its end or to now; None where it has not started."""

    state: str
    done: int = 0
    total: int = 0
    failed: int = 0
    attempt: int = 0
    skipped: int = 0
    seconds: float | None = None


class Node(NamedTuple):
    """`kind`: `start`, `finish`, or the body's (`shell`, `python`, `call`...). `function`: what a `call` calls.

    `loop`: the variables of a `for`, or empty. `state` is empty where no run is shown.
    `counts` is its instances in words, as in `37/40 done, 1 failed`. `phase` is `undo`, `failure` or `finally` where it is not the main part.
    """

    id: str
    label: str
    kind: str
    loop: str = ""
    conditional: bool = False
    state: str = ""
    counts: str = ""
    attempt: int = 0
    doc: str = ""
    function: str = ""
    phase: str = ""
    seconds: float | None = None

    @property
    def is_end(self) -> bool:
        return self.kind in ("start", "finish")


class Edge(NamedTuple):
    """`how`: `value`, `element` (instance i to instance i) or `order` (no data)."""

    source: str
    target: str
    how: str


class Graph(NamedTuple):
    """`nodes` are in topological order, the start first and the finish last. `state` is the run's, or empty."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    state: str = ""


def graph_of(workflow: Workflow, states: Mapping[str, NodeState] | None = None, state: str = "") -> Graph:
    """The graph of a workflow. With `states` (by task name) it shows a run; a task without one is `blocked` there."""
    shown = tuple(_node(task, _state_of(task.name, states)) for task in workflow.tasks)
    edges = tuple(Edge(need.task, task.name, need.how) for task in workflow.tasks for need in task.needs)
    nodes = (Node(START, _signature(workflow), "start"), *shown, Node(FINISH, _finish_label(workflow), "finish"))
    return Graph(workflow.name, nodes, (*_first_edges(workflow), *edges, *_last_edges(workflow)), state)


def layers_of(graph: Graph) -> list[list[Node]]:
    """The nodes by their longest distance from the start, each layer in the graph's order."""
    depth: dict[str, int] = {node.id: 0 for node in graph.nodes}
    parents: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        parents[edge.target].append(edge.source)
    for node in graph.nodes:
        depth[node.id] = 1 + max((depth[parent] for parent in parents[node.id]), default=-1)
    layers: list[list[Node]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for node in graph.nodes:
        layers[depth[node.id]].append(node)
    return layers


def _state_of(name: str, states: Mapping[str, NodeState] | None) -> NodeState:
    return NodeState("") if states is None else states.get(name, NodeState("blocked"))


def _node(task: Task, state: NodeState) -> Node:
    loop = ", ".join(clause.var for clause in task.loop)
    counts = _counts(state) if loop else ""
    return Node(
        task.name,
        task.name,
        task.body.kind,
        loop,
        task.when is not None,
        state.state,
        counts,
        state.attempt,
        task.doc,
        task.body.function,
        "" if task.phase == MAIN else task.phase,
        state.seconds,
    )


def _counts(state: NodeState) -> str:
    if not state.state or (state.total == 0 and state.state != "succeeded"):
        return ""
    failed = f", {state.failed} failed" if state.failed else ""
    skipped = f", {state.skipped} skipped" if state.skipped else ""
    return f"{state.done}/{state.total} done{failed}{skipped}"


def _signature(workflow: Workflow) -> str:
    params = ", ".join(param.name for param in workflow.params)
    return f"{workflow.name}({params})" if params else workflow.name


def _finish_label(workflow: Workflow) -> str:
    return "end" if workflow.result == NOTHING else f"result: {workflow.result}"


def _first_edges(workflow: Workflow) -> list[Edge]:
    roots = [task.name for task in workflow.tasks if not task.needs]
    return [Edge(START, root, "order") for root in roots] or [Edge(START, FINISH, "order")]


def _last_edges(workflow: Workflow) -> list[Edge]:
    needed = {need.task for task in workflow.tasks for need in task.needs}
    returned = set(_references(workflow.returns))
    ends = [task.name for task in workflow.tasks if task.name in returned or task.name not in needed]
    return [Edge(name, FINISH, "value" if name in returned else "order") for name in ends]


def _references(expr: Expr | None) -> Iterator[str]:
    """The names that an expression reads."""
    pending: list[Any] = [expr]
    while pending:
        item = pending.pop()
        if not isinstance(item, list | tuple) or not item or item[0] in ("lit", "typed"):
            continue
        if item[0] == "ref":
            yield item[1]
        else:
            pending.extend(item)
