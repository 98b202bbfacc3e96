"""A graph in Graphviz's language, through the `graphviz` package."""

import html

import graphviz

from flow_runtime.graph.caption import caption_of
from flow_runtime.graph.model import Graph, Node
from flow_runtime.graph.states import PLAIN, TERMINAL, Style, style_of

FONT = "Helvetica"
_GRAPH = {"rankdir": "TB", "bgcolor": "#ffffff", "nodesep": "0.3", "ranksep": "0.45", "pad": "0.2"}
_NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fontname": FONT,
    "fontsize": "12",
    "penwidth": "1.3",
}
_MARGIN = 0.16
"""Inches at each side of the longest line."""
_WIDER = 0.005
"""Inches for each character of it: where Helvetica and its like are missing, another font takes up to a seventh more."""
_EDGE = {"color": "#64748b", "arrowsize": "0.7", "penwidth": "1.1"}
_HOW = {
    "value": {"style": "solid"},
    "element": {"style": "bold", "color": "#334155"},
    "order": {"style": "dashed", "color": "#94a3b8", "arrowhead": "open"},
}


def to_dot(graph: Graph) -> str:
    """Ids are numbered and labels are HTML-escaped, so that no name is ever read as Graphviz's syntax."""
    ids = {node.id: f"n{i}" for i, node in enumerate(graph.nodes)}
    drawing = graphviz.Digraph("flow", graph_attr=_GRAPH, node_attr=_NODE, edge_attr=_EDGE)
    for node in graph.nodes:
        drawing.node(ids[node.id], _label(node), _attributes={**_attributes(node), "id": f"node-{ids[node.id]}"})
    for edge in graph.edges:
        drawing.edge(ids[edge.source], ids[edge.target], _attributes=_HOW.get(edge.how, {}))
    return str(drawing.source)


def _attributes(node: Node) -> dict[str, str]:
    style = TERMINAL if node.is_end else style_of(node.state) if node.state else PLAIN
    longest = max(map(len, caption_of(node).lines()))
    room = _WIDER * longest
    shape = {
        "style": "rounded,filled" + (",dashed" if style.line == "dashed" else ""),
        "margin": f"{_MARGIN + room:.3f},0.09",
    }
    if node.is_end:
        shape = {"shape": "box", "style": "rounded,filled", "penwidth": "1", "margin": f"{0.2 + room:.3f},0.05"}
    if node.loop:
        shape["peripheries"] = "2"
    return {
        **shape,
        "fillcolor": style.fill,
        "color": style.border,
        "fontcolor": style.text,
        "class": f"kind-{_slug(node.kind)} state-{_slug(node.state or 'none')}",
    }


def _label(node: Node) -> str:
    """An HTML-like label: the name, then what it is and its state in smaller letters."""
    title, detail, status = (_markup(line) for line in caption_of(node).lines())
    if node.is_end:
        return f'<<FONT POINT-SIZE="11">{title or " "}</FONT>>'
    rows = [f"<TR><TD><B>{title or ' '}</B></TD></TR>", _row(detail, _muted(node))]
    if status:
        rows.append(_row(status, style_of(node.state).text))
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def _row(text: str, colour: str) -> str:
    return f'<TR><TD><FONT POINT-SIZE="10" COLOR="{colour}">{text}</FONT></TD></TR>'


def _muted(node: Node) -> str:
    style: Style = style_of(node.state)
    return "#475569" if style is PLAIN else style.text


def _markup(text: str) -> str:
    """Text inside an HTML-like label. Graphviz reads `\\N` even there, as the node's id, so a backslash is doubled."""
    return html.escape(text, quote=False).replace('"', "&quot;").replace("\\", "&#92;&#92;")


def _slug(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "-" for char in text)
