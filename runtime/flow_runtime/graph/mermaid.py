"""A graph as a Mermaid flowchart, which GitHub and many wikis draw."""

from flow_runtime.graph.caption import caption_of
from flow_runtime.graph.model import Edge, Graph, Node
from flow_runtime.graph.states import STYLES

_ARROWS = {"value": "-->", "element": "==>", "order": "-.->"}


def to_mermaid(graph: Graph) -> str:
    """Ids are numbered, so that no name is ever read as Mermaid's syntax; labels are quoted and their marks escaped."""
    ids = {node.id: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    lines += [f"  {ids[node.id]}{_shape(node)}{_class(node)}" for node in graph.nodes]
    lines += [_edge(edge, ids) for edge in graph.edges]
    used = {node.state for node in graph.nodes if node.state in STYLES}
    lines += [_class_line(state) for state in STYLES if state in used]
    return "\n".join(lines) + "\n"


def _shape(node: Node) -> str:
    label = "<br/>".join(_escape(line) for line in caption_of(node).lines() if line)
    if node.is_end:
        return f'(["{label}"])'
    return f'[["{label}"]]' if node.loop else f'["{label}"]'


def _class(node: Node) -> str:
    return f":::{node.state}" if node.state in STYLES else ""


def _edge(edge: Edge, ids: dict[str, str]) -> str:
    return f"  {ids[edge.source]} {_ARROWS.get(edge.how, '-->')} {ids[edge.target]}"


def _class_line(state: str) -> str:
    style = STYLES[state]
    dashes = ",stroke-dasharray:4 3" if style.line == "dashed" else ""
    return f"  classDef {state} fill:{style.fill},stroke:{style.border},color:{style.text}{dashes}"


def _escape(text: str) -> str:
    """Mermaid reads `#35;` as the character 35. All but letters, digits and plain punctuation is written so."""
    return "".join(
        char if char.isalnum() or char in " _.,:()/-" or ord(char) > 127 else f"#{ord(char)};" for char in text
    )
