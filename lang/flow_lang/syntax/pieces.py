"""What has been read of a file, kept for its next version.

A keystroke changes one item of a file. The text is parted where the layout says that one item ends and another may begin (`Layout.cuts`). A piece
between two such places has the same tokens whatever stands around it. Where it ends in the block in which it began, and nothing is wrong in it, it
has the same items too, in whatever block it stands: `items` is one rule of the grammar. So only the pieces that an edit touches are scanned,
laid out and parsed again, by the lexer, layout and parser that read a whole file; a `}` too many moves those that follow to another block,
and changes nothing about them.

A quote that opens a long text makes one piece of all that follows. So the last version that could be read is kept beside the last one: a new
version is compared with both.

The offsets of a tree count in `Pieces.text`, to which what is read anew is appended. So a piece that moves in the file keeps its tree and its
spans; `MovedLines` says where they are in the file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from flow_lang.diagnostics import Report
from flow_lang.named import NamedTuple
from flow_lang.source import Lines, MovedLines, Run, Source
from flow_lang.syntax.layout import Cut, Laid, Layout
from flow_lang.syntax.lexer import Token, scan, scan_until
from flow_lang.syntax.parser import Parser
from flow_lang.syntax.words import Words

_MOST_TEXT = 2 << 20
"""Characters that were read one after another, most of them no longer in the file. Then all is read anew."""

_GAP = "\n\n"
"""Before what is read anew, so that what stands after the end of the file neither begins nor ends where something else does."""


class Read(NamedTuple):
    """What became of a piece without a mistake that ends in the block in which it began: what was laid out, and its `items`."""

    laid: Laid
    items: tuple[Any, ...]


class Piece(NamedTuple):
    """`scanned` are its tokens. `read` is None where it has no meaning of its own, such as the heading of a workflow, or a mistake."""

    run: Run
    scanned: list[Token]
    read: Read | None = None


class Version(NamedTuple):
    """A text of the file, and the pieces that it is made of."""

    file: str
    pieces: list[Piece]


class Part(NamedTuple):
    """A piece of a new version, from one cut to another."""

    piece: Piece
    start: Cut
    end: Cut


class Pieces:
    """What has been read of one file. `last` is its last version, and `good` the last one whose text was not wrong."""

    def __init__(self) -> None:
        self.text = ""
        self.last = self.good = Version("", [])
        self.era = 0
        """Grows when the text begins anew, so that an offset means something else than before."""

    def lay_out(self, source: Source, words: Words) -> tuple[Layout, list[Part]]:
        """Scans and lays out a new version of the file; a known piece is taken as it is. What is wrong is in the layout's report."""
        if len(self.text) > _MOST_TEXT:
            self.text, self.era = "", self.era + 1
            self.last = self.good = Version("", [])
        before, after = self._known(source.text)
        pieces = self._joined(source.text, before, after)
        while True:
            layout = _layout(pieces, source, words)
            mixed = _mixed(pieces, layout.cuts)
            if not mixed:
                self.last = Version(source.text, [])
                return layout, _parts(pieces, layout)
            pieces = self._merged(source.text, pieces, mixed)

    def _known(self, file: str) -> tuple[list[Piece], list[Piece]]:
        """The pieces before and after what has changed since the last version, or since the good one where that leaves more of them."""
        known = _around_the_change(self.last, file)
        if self.good is self.last:
            return known
        return max(known, _around_the_change(self.good, file), key=_length)

    def _joined(self, file: str, before: list[Piece], after: list[Piece]) -> list[Piece]:
        """The pieces of the file in order: what is between `before` and `after` is scanned, and of `after` what that runs into."""
        start = before[-1].run.place + before[-1].run.length if before else 0
        places = [len(file) - sum(piece.run.length for piece in after)]
        for piece in after:
            places.append(places[-1] + piece.run.length)
        end = scan_until(file, start, places)
        first = places.index(end)
        pieces = list(before)
        if start < end:
            pieces.append(self._scanned(file, start, end))
        for piece, place in zip(after[first:], places[first:], strict=False):
            pieces.append(piece if piece.run.place == place else piece._replace(run=piece.run._replace(place=place)))
        return pieces

    def _merged(self, file: str, pieces: list[Piece], mixed: list[tuple[int, int]]) -> list[Piece]:
        """The same pieces with one in the place of those from each first to each last of `mixed`."""
        merged: list[Piece] = []
        at = 0
        for first, last in mixed:
            run = pieces[last].run
            merged += pieces[at:first]
            merged.append(self._scanned(file, pieces[first].run.place, run.place + run.length))
            at = last + 1
        return merged + pieces[at:]

    def _scanned(self, file: str, start: int, end: int) -> Piece:
        self.text += _GAP
        at = len(self.text)
        self.text += file[start:end]
        return Piece(Run(at, start, end - start), scan(self.text, at))

    def parse(self, parser: Parser, layout: Layout, parts: list[Part]) -> Any:
        """The value of the file; what has been read is kept."""
        at = 0
        kept = self.last.pieces
        for part in parts:
            piece, at = _parse(parser, layout, part, at)
            if piece.run.length:
                kept.append(piece)
        if not parser.report.mistakes:
            self.good = self.last
        return parser.value

    def lines(self) -> Lines:
        file, pieces = self.last
        return MovedLines(file, self.text, [piece.run for piece in pieces]) if pieces else Lines(file)


def _layout(pieces: list[Piece], source: Source, words: Words) -> Layout:
    tokens: list[Token] = []
    known: dict[int, tuple[Laid, int]] = {}
    for piece in pieces:
        at = len(tokens)
        tokens += piece.scanned
        if piece.read is not None:
            known[at] = (piece.read.laid, len(tokens))
    end = pieces[-1].run.start + pieces[-1].run.length if pieces else 0
    layout = Layout(tokens, Report(source.path), end, words)
    layout.known = known
    layout.parts = True
    layout.run()
    return layout


def _parse(parser: Parser, layout: Layout, part: Part, at: int) -> tuple[Piece, int]:
    """Takes what is known of a part, or parses it; `at` is the next token to read. What is known of it now, and the next token."""
    piece, tokens, first, end = part.piece, layout.out, part.start.laid, part.end.laid
    items = parser.before_item(tokens[first].kind) if at == first else None
    if piece.read is not None and items is not None and part.start.mistakes == part.end.mistakes:
        items += piece.read.items
        return piece, end
    states, count, mistakes = tuple(parser.states), len(items or ()), parser.report.mistakes
    if 0 <= at < end:
        at = parser.advance(tokens, at, end)
    if items is None or at != end or at == len(tokens):
        return piece, at
    same = parser.before_item(tokens[end].kind) is items and tuple(parser.states) == states
    if same and mistakes == parser.report.mistakes and part.start.mistakes == part.end.mistakes:
        piece = piece._replace(read=Read(layout.laid(part.start, part.end), tuple(items[count:])))
    return piece, at


def _around_the_change(known: Version, new: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces of a known version that end before what differs, and those that start after it."""
    old, pieces = known
    most = min(len(old), len(new))
    same = _most(most, lambda n: old[:n] == new[:n])
    first = 0
    while first < len(pieces) and pieces[first].run.place + pieces[first].run.length <= same and _closed(pieces[first]):
        first += 1
    start = pieces[first - 1].run.place + pieces[first - 1].run.length if first else 0
    place = len(old) - _most(most - start, lambda n: old[len(old) - n :] == new[len(new) - n :])
    last = len(pieces)
    while last > first and pieces[last - 1].run.place >= place:
        last -= 1
    return pieces[:first], pieces[last:]


def _length(around: tuple[list[Piece], list[Piece]]) -> int:
    """Characters of all the pieces."""
    return sum(piece.run.length for pieces in around for piece in pieces)


def _closed(piece: Piece) -> bool:
    """Whether it ends with a line, which all do but the last one of a file."""
    return bool(piece.scanned) and piece.scanned[-1].end == piece.run.start + piece.run.length


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `limit` for which it holds, as it does for all below and for 0."""
    return bisect_left(range(1, limit + 1), True, key=lambda n: not holds(n))


def _starts(pieces: list[Piece]) -> list[int]:
    """The offset of the first token of each."""
    found = [0]
    for piece in pieces:
        found.append(found[-1] + len(piece.scanned))
    return found[:-1]


def _mixed(pieces: list[Piece], cuts: list[Cut]) -> list[tuple[int, int]]:
    """The first and the last of those pieces that now belong together: an item goes on in the next one."""
    places = {cut.scanned for cut in cuts}
    found: list[tuple[int, int]] = []
    for at, start in enumerate(_starts(pieces)):
        if start not in places:
            first = found.pop()[0] if found and found[-1][1] == at - 1 else at - 1
            found.append((first, at))
    return found


def _parts(pieces: list[Piece], layout: Layout) -> list[Part]:
    """The pieces as the cuts part them."""
    starts = _starts(pieces)
    last = Cut(len(layout.tokens), len(layout.out), layout.report.mistakes, 0, 0)
    found: list[Part] = []
    for start, end in pairwise([*layout.cuts, last]):
        if not pieces:
            return [Part(Piece(Run(0, 0, 0), []), start, end)]
        at = bisect_right(starts, start.scanned) - 1
        piece = pieces[at]
        found.append(Part(_part(piece, start.scanned - starts[at], end.scanned - starts[at], end is last), start, end))
    return found


def _part(piece: Piece, first: int, end: int, last: bool) -> Piece:
    """Of a piece what is between two of its tokens; the `last` part of a file goes to its end."""
    run, tokens = piece.run, piece.scanned
    if first == 0 and end == len(tokens):
        return piece
    begin = tokens[first - 1].end if first else run.start
    stop = run.start + run.length if last else tokens[end - 1].end
    return Piece(Run(begin, run.place + begin - run.start, stop - begin), tokens[first:end])
