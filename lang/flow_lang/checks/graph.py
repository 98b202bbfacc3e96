"""The graph of a workflow's tasks: an order in which each comes after what it needs, or the circle that forbids one."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from flow_lang.diagnostics import Label, Report, Span
from flow_lang.named import NamedTuple

_SHOWN = 20
"""References of a circle that are shown; who has more needs no list of them."""


class Edge(NamedTuple):
    """`task` mentions `needs` at `span`."""

    task: str
    needs: str
    span: Span


class Arranged(NamedTuple):
    """`ordered`: all names in topological order, as near to the order of declaration as that allows; those of `stuck`, which are on or after a
    circle, come last. `circles`: one of each knot, its names each needed by the next."""

    ordered: list[str]
    stuck: set[str]
    circles: list[list[str]]


def arranged(names: list[str], edges: Iterable[tuple[str, str]]) -> Arranged:
    """`edges` are pairs of a name and one that needs it."""
    pairs = list(edges)
    if not pairs:
        return Arranged(names, set(), [])
    try:
        return Arranged(_sorted(names, pairs), set(), [])
    except CycleError:
        from flow_lang.checks.circles import (
            circles,  # brings networkx, which a graph without a circle does not wait for
        )

        met = circles(names, pairs)
    free = [name for name in names if name not in met.stuck]
    ordered = _sorted(free, [(needs, task) for needs, task in pairs if task not in met.stuck])
    return Arranged(ordered + [name for name in names if name in met.stuck], met.stuck, met.found)


def order(names: list[str], edges: list[Edge], declared: dict[str, Span], report: Report) -> tuple[list[str], set[str]]:
    """The tasks as `arranged`, and those that are on or after a circle. Circles are reported."""
    first: dict[tuple[str, str], Span] = {}
    for edge in edges:
        first.setdefault((edge.needs, edge.task), edge.span)
    found = arranged(names, first)
    for circle in found.circles:
        _report(circle, first, declared, report)
    return found.ordered, found.stuck


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
    names = [task, *(edge[1] for edge in edges)]
    shown = names if len(names) <= _SHOWN else [*names[: _SHOWN // 2], "...", *names[-_SHOWN // 2 :]]
    way = " -> ".join(shown)
    others = tuple(Label(where, f"`{user}` needs `{used}`") for user, used, where in edges[1:_SHOWN])
    hint = f"no task of the circle can be first: {way}; take one of these references out"
    report.error("FLOW401", "these tasks wait for one another", span, f"`{task}` needs `{needs}`", hint, others)
