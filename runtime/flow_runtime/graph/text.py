"""A graph as plain text for a terminal: a row a task, layer by layer, with a rail for each task that others wait for.

    ● nightly(day)
    ● fetch       shell · for region
    ├─● clean     python
    │ ├─● rows    call
    ╰─│─● audit   shell
      ╰─● result: file

A rail starts at its task, runs down, and turns right or left into each task that needs it; `─│─` is a crossing without a meeting.
"""

from typing import NamedTuple

from flow_runtime.graph.caption import Caption, caption_of
from flow_runtime.graph.model import Graph, Node, layers_of
from flow_runtime.graph.states import style_of

WIDEST = 60
"""No column is padded beyond this many characters."""

MOST_RAILS = 24
"""With more rails than this side by side, the parents are named after each task instead."""

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    _UP | _DOWN: "│",
    _LEFT | _RIGHT: "─",
    _UP | _RIGHT: "╰",
    _UP | _LEFT: "╯",
    _UP | _LEFT | _RIGHT: "┴",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT: "┤",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}


class _Row(NamedTuple):
    rails: str
    node: Node


def to_text(graph: Graph) -> str:
    """The drawing, ending with a newline."""
    nodes = [node for layer in layers_of(graph) for node in layer]
    rows = _Rails(graph).rows(nodes)
    if rows is None:
        return _listing(graph, nodes)
    cells = [_cells(row) for row in rows]
    widths = [min(max((len(row[i]) for row in cells), default=0), WIDEST) for i in (0, 1)]
    return "".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() + "\n" for row in cells)


def _cells(row: _Row) -> Caption:
    """The three columns of a row: the rails with the name, what it is, its state."""
    caption = caption_of(row.node)
    return caption._replace(title=f"{row.rails} {caption.title}")


class _Rails:
    """The open rails, left to right: each the id of the task it starts from, or None where the column is free."""

    def __init__(self, graph: Graph) -> None:
        self.open: list[str | None] = []
        self.parents: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
        self.left: dict[str, int] = {node.id: 0 for node in graph.nodes}
        for source, target in {(edge.source, edge.target) for edge in graph.edges}:
            self.parents[target].add(source)
            self.left[source] += 1

    def rows(self, nodes: list[Node]) -> list[_Row] | None:
        """None as soon as there are too many rails: thousands of them would take minutes."""
        rows = []
        for node in nodes:
            rows.append(_Row(self._row(node), node))
            if len(self.open) > MOST_RAILS:
                return None
        return rows

    def _row(self, node: Node) -> str:
        incoming = [column for column, source in enumerate(self.open) if source in self.parents[node.id]]
        ended = [column for column in incoming if self._use(column)]
        own = self._place(ended)
        span = range(min([*incoming, own]), max([*incoming, own]) + 1)
        cells = [self._cell(column, span, incoming, ended) for column in range(len(self.open))]
        cells[own] = _marker(node)
        for column in ended:
            self.open[column] = None
        self.open[own] = node.id if self.left[node.id] else None
        joints = ["─" if column in span and column + 1 in span else " " for column in range(len(cells))]
        return "".join(cell + joint for cell, joint in zip(cells, joints, strict=True)).rstrip()

    def _use(self, column: int) -> bool:
        """Takes one edge from a rail; true when it was the last."""
        source = self.open[column] or ""
        self.left[source] -= 1
        return self.left[source] == 0

    def _place(self, ended: list[int]) -> int:
        """The column of a node: that of a parent whose rail ends here, else the first free one."""
        if ended:
            return ended[0]
        if None not in self.open:
            self.open.append(None)
        return self.open.index(None)

    def _cell(self, column: int, span: range, incoming: list[int], ended: list[int]) -> str:
        sides = (_LEFT if column > span[0] else 0) | (_RIGHT if column < span[-1] else 0)
        if column in incoming:
            return _LINES[_UP | sides | (0 if column in ended else _DOWN)] if sides else "│"
        if self.open[column] is not None:
            return "│"
        return "─" if column in span else " "


def _marker(node: Node) -> str:
    return style_of(node.state).icon or ("○" if node.is_end else "●")


def _remarks(node: Node) -> str:
    caption = caption_of(node)
    return "  ".join(part for part in (caption.detail, caption.status) if part)


def _listing(graph: Graph, nodes: list[Node]) -> str:
    titles = {node.id: caption_of(node).title for node in nodes}
    parents: dict[str, list[str]] = {node.id: [] for node in nodes}
    for edge in graph.edges:
        parents[edge.target].append(titles[edge.source])
    lines = []
    for depth, layer in enumerate(layers_of(graph)):
        for node in layer:
            needs = f"  <- {', '.join(parents[node.id])}" if parents[node.id] and not node.is_end else ""
            lines.append(f"{depth:>3} {_marker(node)} {titles[node.id]}  {_remarks(node)}".rstrip() + needs)
    return "\n".join(lines) + "\n"
