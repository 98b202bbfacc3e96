"""Rendered graphs. A page that refreshes itself asks for the same drawing again and again, so the last ones are kept."""

import threading
from collections import OrderedDict

from flow_runtime.graph.model import Graph
from flow_runtime.graph.render import render

KEPT = 64
TIMEOUT = 10.0
"""Seconds that a layout may take; shorter than the command's, since somebody waits and a thread is held."""


class Drawings:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Graph, str], bytes] = OrderedDict()

    def render(self, graph: Graph, format_: str) -> bytes:
        """Raises RenderError."""
        key = (graph, format_)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        drawn = render(graph, format_, TIMEOUT)
        with self._lock:
            self._kept[key] = drawn
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return drawn
