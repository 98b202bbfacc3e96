"""The circles of a graph that has some. networkx takes a tenth of a second to import, so only who has met a circle imports this."""

from collections.abc import Iterable
from typing import NamedTuple

import networkx


class Circles(NamedTuple):
    """`found`: one circle of each knot, its tasks each needed by the next. `stuck`: all tasks on or after a circle."""

    found: list[list[str]]
    stuck: set[str]


def circles(names: list[str], edges: Iterable[tuple[str, str]]) -> Circles:
    """`edges` are pairs of a task and one that needs it; `names` are all tasks in the order of declaration."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    components = networkx.strongly_connected_components(graph)
    knots = [knot for knot in components if len(knot) > 1 or any(graph.has_edge(name, name) for name in knot)]
    tied = set().union(*knots)
    stuck = set(tied)
    for _, after in networkx.bfs_edges(_with_start(graph, tied), ""):
        stuck.add(after)
    return Circles([_shortest(graph.subgraph(knot), names) for knot in knots], stuck)


def _with_start(graph: "networkx.DiGraph[str]", names: set[str]) -> "networkx.DiGraph[str]":
    """The graph with one more node, no task's name, before all of `names`, so that one search goes over all that follows them."""
    joined = graph.copy()
    joined.add_edges_from(("", name) for name in names)
    return joined


def _shortest(knot: "networkx.DiGraph[str]", names: list[str]) -> list[str]:
    """A circle through the task of a strongly connected graph that is declared first."""
    start = next(name for name in names if name in knot)
    if knot.has_edge(start, start):
        return [start]
    lengths = dict(networkx.single_target_shortest_path_length(knot, start))
    nearest = min(knot.successors(start), key=lengths.__getitem__)
    return [start, *networkx.shortest_path(knot, nearest, start)[:-1]]
