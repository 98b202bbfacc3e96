"""Where a diagnostic is, for formats that count lines and columns from 1."""

from collections.abc import Mapping
from typing import NamedTuple

from flow_lang.diagnostics import Span
from flow_lang.source import Lines, Source


class Place(NamedTuple):
    """Columns are in characters; `end_column` is the first one after it."""

    line: int
    column: int
    end_line: int
    end_column: int


class Places:
    """The lines of each source are counted once."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._lines: dict[str, Lines] = {}

    def of(self, path: str, span: Span) -> Place | None:
        """None where it is in no source, or at no place in it."""
        if path not in self._sources or not span.end:
            return None
        if path not in self._lines:
            self._lines[path] = Lines(self._sources[path].text)
        start, end = (self._lines[path].position(offset) for offset in span)
        return Place(start.line, start.column, end.line, end.column)
