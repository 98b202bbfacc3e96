"""The finishing touch to Graphviz's SVG: titles that people and screen readers understand, in place of numbered ids, and lines that stay in
the middle of their boxes whatever font they are shown in."""

import re
from html import escape

from flow_runtime.graph.caption import caption_of, one_line
from flow_runtime.graph.model import Graph

_TITLE = re.compile(r"<title>n(\d+)(?:&#45;&gt;n(\d+))?</title>")
_NODE = re.compile(r'^<g id="node.*?^</g>', re.DOTALL | re.MULTILINE)
_OUTLINE = re.compile(r'^<(?:path|polygon)\b.*? (?:d|points)="([^"]*)"', re.MULTILINE)
_X = re.compile(r"(-?[\d.]+),")
_LINE = re.compile(r'^(<text\b[^>]*?) text-anchor="start" x="[-.\d]+"', re.MULTILINE)
_OPENING = re.compile(r"<svg\b")


def with_titles(svg: str, graph: Graph) -> str:
    """`<title>n3</title>` becomes the name and state of the third node; that of an edge, its two names; the drawing gets a label."""
    captions = [caption_of(node) for node in graph.nodes]
    names = [caption.title for caption in captions]
    titles = [": ".join(part for part in (caption.title, caption.status) if part) for caption in captions]

    def title(match: re.Match[str]) -> str:
        first, second = int(match[1]), match[2]
        text = titles[first] if second is None else f"{names[first]} to {names[int(second)]}"
        return f"<title>{escape(text)}</title>"

    whole = escape(one_line(f"Graph of {graph.name}" + (f", {graph.state}" if graph.state else "")))
    svg = _TITLE.sub(title, svg).replace("<title>flow</title>", f"<title>{whole}</title>", 1)
    return _OPENING.sub(lambda match: f'{match[0]} role="img" aria-label="{whole}"', svg, count=1)


def with_centred_lines(svg: str) -> str:
    """Graphviz tells where the lines of an HTML-like label start in Helvetica; in a wider font all of what is more would be on the right."""
    return _NODE.sub(lambda match: _centred(match[0]), svg)


def _centred(node: str) -> str:
    outline = _OUTLINE.search(node)
    if outline is None:
        return node
    places = [float(x) for x in _X.findall(outline[1])]
    centre = (min(places) + max(places)) / 2
    return _LINE.sub(rf'\1 text-anchor="middle" x="{centre:.2f}"', node)
