"""The finishing touch to Graphviz's SVG: titles that people and screen readers understand, in place of numbered ids."""

import re
from html import escape

from flow_runtime.graph.caption import caption_of, one_line
from flow_runtime.graph.model import Graph

_TITLE = re.compile(r"<title>n(\d+)(?:&#45;&gt;n(\d+))?</title>")
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
