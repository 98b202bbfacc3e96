"""Workflows to draw, built without the language's front end."""

from itertools import pairwise

from flow_lang.plan import Body, Clause, Need, Param, Task, Workflow
from flow_lang.types import DATE, FILE, STR, list_of, optional
from flow_runtime.graph.model import Edge, Graph, Node


def task(name, kind="shell", needs=(), loop=(), when=None, function=""):
    clauses = tuple(Clause(var, STR, ["lit", []], None) for var in loop)
    return Task(name, Body(kind, function=function), tuple(Need(parent, how) for parent, how in needs), clauses, when)


def nightly():
    params = (Param("day", DATE, None), Param("regions", list_of(STR), None))
    tasks = (
        task("fetch", loop=["region"]),
        task("release", "python"),
        task("clean", needs=[("fetch", "element")], loop=["orders"]),
        task("audit", needs=[("fetch", "value")], loop=["batch", "order"]),
        task("scored", "call", [("clean", "element")], ["t"], ["lit", True], "score"),
        task("publish", "python", [("scored", "value"), ("release", "value"), ("audit", "order")], when=["lit", True]),
        task("mail", needs=[("publish", "value")]),
    )
    return Workflow("nightly", params, tasks, optional(FILE), ["ref", "publish"])


def empty():
    return Workflow("empty", (), ())


def layered(count, width, fan):
    """Layers of `width` tasks, each of which needs `fan` tasks of the layer before."""
    tasks = []
    for i in range(count):
        layer, column = divmod(i, width)
        parents = [(f"t{(layer - 1) * width + (column * 7 + k * 3) % width}", "value") for k in range(fan) if layer]
        tasks.append(task(f"t{i}", needs=sorted(set(parents))))
    return Workflow("layered", (), tuple(tasks))


HOSTILE = (
    'a "quoted" name',
    "<script>alert(1)</script>",
    "line\nbreak\r\ttab\x00nul\x1b[31m",
    "\\N \\G \\L \\n \\\\",
    "<b>html</b>",
    "end]]) --> x{y}|z| %% click",
    "&amp; &#60; ünïcödé 🐧",
    "`$(id)`; 'single'",
    "\ud800 lone surrogate",
    "",
)


def hostile():
    """A graph whose every text comes from an enemy."""
    nodes = tuple(Node(f"id{text}", text, f"k{text}", f"l{text}", True, f"s{text}", f"c{text}") for text in HOSTILE)
    edges = tuple(Edge(a.id, b.id, "value") for a, b in pairwise(nodes))
    return Graph('\\G <x> "q"\n', nodes, edges)
