"""Semantic tokens: what each name is, which a grammar of words cannot know."""

from lsprotocol import types

from flow_lsp.documents import Document

_TYPES = {
    "workflow": "namespace",
    "import": "namespace",
    "task": "method",
    "function": "function",
    "param": "parameter",
    "loop": "variable",
    "input": "variable",
    "output": "property",
    "field": "property",
    "secret": "variable",
    "pool": "variable",
    "policy": "variable",
    "type": "type",
}
_NAMES = sorted(set(_TYPES.values()))
_MODIFIERS = ["declaration", "readonly"]
LEGEND = types.SemanticTokensLegend(_NAMES, _MODIFIERS)


def semantic_tokens(document: Document) -> list[int]:
    """Five numbers for each name: lines and columns from the one before, its length, its type, and bits for its modifiers."""
    found: list[int] = []
    line = column = 0
    end = 0
    for mention in document.names.mentions:
        span, declaration = mention
        if span.start < end or "\n" in document.text[span.start : span.end] or span.start == span.end:
            continue  # a name stands for itself and, as an imported file, for its path
        end = span.end
        place = document.positions.range(span)
        if place.start.line != line:
            column = 0
        modifiers = (span == declaration.span) * 1 + (declaration.kind == "secret") * 2
        found += [
            place.start.line - line,
            place.start.character - column,
            place.end.character - place.start.character,
            _NAMES.index(_TYPES[declaration.kind]),
            modifiers,
        ]
        line, column = place.start.line, place.start.character
    return found
