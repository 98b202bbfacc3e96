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
    stuck = tied | {after for name in tied for after in networkx.descendants(graph, name)}
    return Circles([_shortest(graph.subgraph(knot), names) for knot in knots], stuck)


def _shortest(knot: "networkx.DiGraph[str]", names: list[str]) -> list[str]:
    """A circle through the task of a strongly connected graph that is declared first."""
    start = next(name for name in names if name in knot)
    if knot.has_edge(start, start):
        return [start]
    paths = [networkx.shortest_path(knot, after, start) for after in knot.successors(start)]
    best = min(paths, key=len)
    return [start, *best[:-1]]
