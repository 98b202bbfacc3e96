"""A source text and the way from an offset in it to a line and a column, and how the front end is given other files."""

from bisect import bisect_right
from typing import Protocol

from flow_lang.named import NamedTuple


class Source(NamedTuple):
    """One file: its path as people are shown it, and its text exactly as read (a BOM and CRLF may be there)."""

    path: str
    text: str


class Position(NamedTuple):
    """A place as people count it: from 1, the column in characters."""

    line: int
    column: int


class Loader(Protocol):
    """Reads a file by its path relative to the entry file's folder. Raises OSError."""

    def read(self, path: str) -> str: ...


class Lines:
    """The lines of a text. They end at LF or CRLF; a final line end starts no further line to show."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        find, at = text.find, text.find("\n")
        while at != -1:
            self.starts.append(at + 1)
            at = find("\n", at + 1)

    def position(self, offset: int) -> Position:
        line = bisect_right(self.starts, offset)
        start = self.starts[line - 1]
        if line == 1 and self.text.startswith("\ufeff"):
            start += 1
        return Position(line, max(offset - start, 0) + 1)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")

    def start(self, number: int) -> int:
        return self.starts[number - 1]
