"""Trees without their places, to compare what two texts say."""

from typing import Any

from flow_lang.checks.registry import all_words
from flow_lang.diagnostics import Report, Span
from flow_lang.source import Source
from flow_lang.syntax import tree
from flow_lang.syntax.build import parse_file


def parsed(text: str) -> tuple[Any, Report]:
    report = Report("test.flow")
    return stripped(parse_file(Source("test.flow", text), report, all_words())), report


def stripped(node: Any) -> Any:
    if isinstance(node, Span):
        return None
    if isinstance(node, tree.Text):
        return ("Text", node.kind, [stripped(part) for part in node.parts])
    if isinstance(node, tuple) and hasattr(node, "_fields"):
        return (type(node).__name__, [stripped(part) for part in node])
    if isinstance(node, tuple | list):
        return [stripped(part) for part in node]
    return node
