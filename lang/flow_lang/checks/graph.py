"""The graph of a workflow's tasks: an order in which each comes after what it needs, or the circle that forbids one."""

from typing import TYPE_CHECKING, NamedTuple

from flow_lang.diagnostics import Label, Report, Span

if TYPE_CHECKING:
    import networkx


class Edge(NamedTuple):
    """`task` mentions `needs` at `span`."""

    task: str
    needs: str
    span: Span


def order(names: list[str], edges: list[Edge], declared: dict[str, Span], report: Report) -> tuple[list[str], set[str]]:
    """The names in topological order, as near to the order of declaration as that allows, and those that are on or after a
    circle (and so come last, in the order of declaration). One circle of each knot is reported."""
    if not edges:
        return names, set()
    import networkx  # a tenth of a second, which a file without edges need not wait for

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(names)
    first: dict[tuple[str, str], Span] = {}
    for edge in edges:
        first.setdefault((edge.needs, edge.task), edge.span)
    graph.add_edges_from(first)
    knots = _knots(graph)
    for knot in knots:
        _report(_circle(graph.subgraph(knot), names), first, declared, report)
    tied = set().union(*knots) if knots else set()
    stuck = tied | {after for name in tied for after in networkx.descendants(graph, name)}
    free = graph.subgraph(name for name in names if name not in stuck)
    rank = {name: at for at, name in enumerate(names)}
    ordered = list(networkx.lexicographical_topological_sort(free, key=rank.__getitem__))
    return ordered + [name for name in names if name in stuck], stuck


def _knots(graph: "networkx.DiGraph[str]") -> list[set[str]]:
    import networkx

    if networkx.is_directed_acyclic_graph(graph):
        return []
    components = networkx.strongly_connected_components(graph)
    return [found for found in components if len(found) > 1 or any(graph.has_edge(name, name) for name in found)]


def _circle(knot: "networkx.DiGraph[str]", names: list[str]) -> list[str]:
    """The tasks of a circle in a strongly connected graph, each needed by the next; from the task that is declared first."""
    start = next(name for name in names if name in knot)
    if knot.has_edge(start, start):
        return [start]
    import networkx

    paths = [networkx.shortest_path(knot, after, start) for after in knot.successors(start)]
    best = min(paths, key=len)
    return [start, *best[:-1]]


def _report(circle: list[str], first: dict[tuple[str, str], Span], declared: dict[str, Span], report: Report) -> None:
    pairs = [(circle[at], circle[(at + 1) % len(circle)]) for at in range(len(circle))]
    edges = [(task, needs, first[needs, task]) for needs, task in pairs]
    edges.reverse()
    task, needs, span = edges[0]
    if len(circle) == 1:
        message = f"the task `{task}` needs itself"
        label = "its own result, which is not there before it has run"
        hint = "use what it needs from another task or from a parameter"
        report.error("FLOW401", message, span, label, hint, (Label(declared[task], "declared here"),))
        return
    way = " -> ".join([task, *(edge[1] for edge in edges)])
    others = tuple(Label(where, f"`{user}` needs `{used}`") for user, used, where in edges[1:])
    hint = f"no task of the circle can be first: {way}; take one of these references out"
    report.error("FLOW401", "these tasks wait for one another", span, f"`{task}` needs `{needs}`", hint, others)
