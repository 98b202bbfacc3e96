"""A graph as JSON, for other programs."""

import json
from typing import Any

from flow_runtime.graph.model import Graph


def to_object(graph: Graph) -> dict[str, Any]:
    """`{"name", "state", "nodes": [{"id", "label", "kind", ...}], "edges": [{"source", "target", "how"}]}`."""
    return {
        "name": graph.name,
        "state": graph.state or None,
        "nodes": [{**node._asdict(), "state": node.state or None} for node in graph.nodes],
        "edges": [edge._asdict() for edge in graph.edges],
    }


def to_json(graph: Graph) -> str:
    return json.dumps(to_object(graph), ensure_ascii=False, indent=2) + "\n"
