"""The graph of a workflow's tasks: an order in which each comes after what it needs, or the circle that forbids one."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import NamedTuple

from flow_lang.diagnostics import Label, Report, Span


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
    first: dict[tuple[str, str], Span] = {}
    for edge in edges:
        first.setdefault((edge.needs, edge.task), edge.span)
    try:
        return _sorted(names, first), set()
    except CycleError:
        from flow_lang.checks.circles import (
            circles,  # brings networkx, which a graph without a circle does not wait for
        )

        met = circles(names, first)
    for circle in met.found:
        _report(circle, first, declared, report)
    free = [name for name in names if name not in met.stuck]
    ordered = _sorted(free, [(needs, task) for needs, task in first if task not in met.stuck])
    return ordered + [name for name in names if name in met.stuck], met.stuck


def _sorted(names: list[str], edges: Iterable[tuple[str, str]]) -> list[str]:
    """Topological order; of the tasks that may come next the one that is declared first. Raises CycleError."""
    sorter: TopologicalSorter[int] = TopologicalSorter()
    rank = {name: at for at, name in enumerate(names)}
    for at in range(len(names)):
        sorter.add(at)
    for needs, task in edges:
        sorter.add(rank[task], rank[needs])
    sorter.prepare()
    ready: list[int] = sorted(sorter.get_ready())
    ordered: list[str] = []
    while ready:
        at = heappop(ready)
        ordered.append(names[at])
        sorter.done(at)
        for following in sorter.get_ready():
            heappush(ready, following)
    return ordered


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
