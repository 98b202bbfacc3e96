"""Between offsets in a text and the positions of the protocol: lines from 0, columns in units of the encoding that was agreed on."""

from bisect import bisect_right

from flow_lang.diagnostics import Span
from lsprotocol import types

Encoding = types.PositionEncodingKind
_UNITS = {Encoding.Utf8: ("utf-8", 1), Encoding.Utf16: ("utf-16-le", 2)}
"""How a text is encoded, and the bytes of a unit; in UTF-32 a unit is a character."""


class Positions:
    """Those of one text. Lines end at LF, CRLF or CR, as the protocol has it."""

    def __init__(self, text: str, encoding: str | Encoding = Encoding.Utf16) -> None:
        self.text, self.encoding = text, Encoding(encoding)
        self.starts = [0]
        if "\r" in text:
            at = 0
            for line in _lines(text):
                at += len(line)
                self.starts.append(at)
            return
        at = text.find("\n")
        while at != -1:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def offset(self, position: types.Position) -> int:
        """A position beyond the end of its line is at the end, and one beyond the last line at the end of the text."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[max(position.line, 0)]
        line = self._line(max(position.line, 0))
        return start + min(self._characters(line, max(position.character, 0)), len(line))

    def position(self, offset: int) -> types.Position:
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset) - 1
        before = self.text[self.starts[line] : offset]
        return types.Position(line, len(before) if before.isascii() else self._length(before))

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span.start), self.position(span.end))

    def span(self, range_: types.Range) -> Span:
        start = self.offset(range_.start)
        return Span(start, max(self.offset(range_.end), start))

    def _line(self, number: int) -> str:
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def _length(self, text: str) -> int:
        if self.encoding not in _UNITS:
            return len(text)
        codec, size = _UNITS[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size

    def _characters(self, line: str, units: int) -> int:
        """A place inside a character is before it."""
        if line.isascii() or self.encoding not in _UNITS:
            return units
        for at, char in enumerate(line):
            units -= self._length(char)
            if units < 0:
                return at
        return len(line)


def _lines(text: str) -> list[str]:
    """All that end, with their ends."""
    found = []
    at = 0
    while at < len(text):
        ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end != -1]
        if not ends:
            break
        end = min(ends) + (2 if text.startswith("\r\n", min(ends)) else 1)
        found.append(text[at:end])
        at = end
    return found
