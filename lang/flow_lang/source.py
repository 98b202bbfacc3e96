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
    """The lines of a file. They end at LF or CRLF; a final line end starts no further line to show.

    `text` is what the offsets of a tree count in, and `file` what is in the file: the same, unless the tree was put together from parts
    that were read at different times (`syntax.pieces`)."""

    def __init__(self, file: str) -> None:
        self.text = self.file = file
        self.starts = [0]
        find, at = file.find, file.find("\n")
        while at != -1:
            self.starts.append(at + 1)
            at = find("\n", at + 1)

    def in_file(self, offset: int) -> int:
        """The offset in the file of an offset of the tree."""
        return offset

    def end_in_file(self, offset: int) -> int:
        """The offset in the file of one of the tree that is the first after something."""
        return offset

    def in_text(self, offset: int) -> int:
        """The offset of the tree for one in the file."""
        return offset

    def position(self, offset: int) -> Position:
        """Of an offset of the tree."""
        offset = self.in_file(offset)
        line = bisect_right(self.starts, offset)
        start = self.starts[line - 1]
        if line == 1 and self.file.startswith("\ufeff"):
            start += 1
        return Position(line, max(offset - start, 0) + 1)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.file)
        return self.file[start:end].removesuffix("\r")

    def start(self, number: int) -> int:
        """The offset in the file where a line starts."""
        return self.starts[number - 1]


class Run(NamedTuple):
    """A part of a tree's text: where it starts there, where in the file, and its length."""

    start: int
    place: int
    length: int


class MovedLines(Lines):
    """Those of a file whose tree was put together from `runs`, which are in the order of the file and cover it. An offset that
    is in none of them is that of the end of the one before."""

    def __init__(self, file: str, text: str, runs: list[Run]) -> None:
        super().__init__(file)
        self.text = text
        self._by_place = runs
        self._by_start = sorted(runs)
        self._starts = [run.start for run in self._by_start]
        self._places = [run.place for run in runs]

    def in_file(self, offset: int) -> int:
        run = self._by_start[max(bisect_right(self._starts, offset) - 1, 0)]
        return run.place + min(max(offset - run.start, 0), run.length)

    def end_in_file(self, offset: int) -> int:
        """What ends where a run starts, and in none before it, is a `}` that was put in there."""
        at = bisect_right(self._starts, offset) - 1
        run, before = self._by_start[max(at, 0)], self._by_start[max(at - 1, 0)]
        put_in = run.start == offset and before.start + before.length != offset
        return run.place if put_in else self.in_file(offset - 1) + 1

    def in_text(self, offset: int) -> int:
        run = self._by_place[max(bisect_right(self._places, offset) - 1, 0)]
        return run.start + min(offset - run.place, run.length)
