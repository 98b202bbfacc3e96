"""Diagnostics as text for a terminal: the source lines themselves, carets under the place, one hint."""

import unicodedata
from collections.abc import Iterable, Mapping

from flow_lang.diagnostics import Diagnostic, Label
from flow_lang.source import Lines, Source

_TAB = 4
_MOST = 200
"""Columns of a source line that are shown; the rest of a longer one is cut with an ellipsis."""


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], color: bool = False) -> str:
    """All of them, a blank line between two, in the order given; `sources` is by path."""
    lines = {path: Lines(source.text) for path, source in sources.items()}
    style = _Style(color)
    return "\n".join(_Block(diagnostic, lines, style).text() for diagnostic in diagnostics)


class _Style:
    def __init__(self, color: bool) -> None:
        self.color = color

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def severity(self, text: str, severity: str) -> str:
        return self.paint(text, "1;31" if severity == "error" else "1;33")

    def quiet(self, text: str) -> str:
        return self.paint(text, "34")


class _Mark:
    """A label on one line: display columns from 0, `end` after the last caret."""

    def __init__(self, label: Label, lines: Lines, primary: bool) -> None:
        first, last = lines.position(label.span.start), lines.position(label.span.end)
        self.line, self.text, self.primary = first.line, label.text, primary
        content, offset = lines.line(first.line), lines.start(first.line)
        start = min(label.span.start - offset, len(content))
        stop = min(label.span.end - offset, len(content)) if last.line == first.line else len(content.rstrip())
        self.column = width(content[:start])
        self.end = max(width(content[:stop]), self.column + 1)

    def under(self, style: _Style, severity: str, cut: int) -> str:
        """The line of carets below a source line whose first `cut` columns are not shown."""
        carets = ("^" if self.primary else "-") * min(self.end - self.column, cut + _MOST - self.column)
        text = " " * (self.column - cut) + carets + (f" {shown(self.text)}" if self.text else "")
        return style.severity(text, severity) if self.primary else style.quiet(text)


class _Block:
    """One diagnostic; without lines where it has no place in its file, such as a parameter given on the command line.

    Marks of one line stand under it, leftmost last, so that no text crosses another. Those in another file come after it.
    """

    def __init__(self, diagnostic: Diagnostic, files: Mapping[str, Lines], style: _Style) -> None:
        self.diagnostic, self.files, self.style = diagnostic, files, style
        self.lines = files.get(diagnostic.path)

    def text(self) -> str:
        d, style = self.diagnostic, self.style
        head = style.severity(f"{d.severity}[{d.code}]", d.severity) + style.paint(f": {shown(d.message)}", "1")
        if self.lines is None or d.primary.span.end == 0:
            where = [style.quiet("  --> ") + shown(d.path)] if d.path else []
            return "\n".join([head, *where, *self._hint(1)]) + "\n"
        start = self.lines.position(d.primary.span.start)
        marks = [_Mark(d.primary, self.lines, True)]
        marks += [_Mark(label, self.lines, False) for label in d.secondary if label.path in ("", d.path)]
        others = [label for label in d.secondary if label.path not in ("", d.path) and label.path in self.files]
        elsewhere = [(label, _Mark(label, self.files[label.path], False)) for label in others]
        gutter = len(str(max(mark.line for mark in (*marks, *(mark for _, mark in elsewhere)))))
        at = style.quiet(" " * gutter + "--> ") + f"{shown(d.path)}:{start.line}:{start.column}"
        body = [head, at, self._bar(gutter), *self._snippet(marks, gutter, self.lines)]
        for label, mark in elsewhere:
            body += self._elsewhere(label, mark, gutter)
        hint = self._hint(gutter)
        return "\n".join([*body, self._bar(gutter), *hint] if hint else body) + "\n"

    def _elsewhere(self, label: Label, mark: _Mark, gutter: int) -> list[str]:
        """A mark in another file."""
        lines = self.files[label.path]
        at = lines.position(label.span.start)
        where = self.style.quiet(" " * gutter + "::: ") + f"{shown(label.path)}:{at.line}:{at.column}"
        return [self._bar(gutter), where, self._bar(gutter), *self._snippet([mark], gutter, lines)]

    def _snippet(self, marks: list[_Mark], gutter: int, lines: Lines) -> Iterable[str]:
        previous = 0
        for number in sorted({mark.line for mark in marks}):
            if previous and number == previous + 2:
                yield self._numbered(previous + 1, gutter, lines)
            elif previous and number > previous + 1:
                yield self.style.quiet(" " * gutter + "...")
            here = sorted((m for m in marks if m.line == number), key=lambda m: (-m.column, not m.primary))
            cut = _cut(here)
            yield self._numbered(number, gutter, lines, cut)
            for mark in here:
                if mark.column < cut + _MOST:
                    yield f"{self._bar(gutter)} {mark.under(self.style, self.diagnostic.severity, cut)}"
            previous = number

    def _numbered(self, number: int, gutter: int, lines: Lines, cut: int = 0) -> str:
        content = visible(lines.line(number)).rstrip()
        seen = ("…" if cut else "") + content[cut + bool(cut) : cut + _MOST]
        seen += "…" if len(content) > cut + _MOST else ""
        return (self.style.quiet(f"{number:>{gutter}} |") + (f" {seen}" if seen else "")).rstrip()

    def _bar(self, gutter: int) -> str:
        return self.style.quiet(" " * gutter + " |")

    def _hint(self, gutter: int) -> list[str]:
        hint = self.diagnostic.hint
        if not hint:
            return []
        first, *rest = hint.split("\n")
        lead = " " * gutter + " = "
        lines = [self.style.quiet(lead) + self.style.paint("hint", "1;36") + f": {shown(first)}"]
        return lines + [" " * (len(lead) + len("hint: ")) + shown(line) for line in rest]


def _cut(marks: list[_Mark]) -> int:
    """How many columns on the left of a long line are left out, so that its first mark is seen."""
    first = min(mark.column for mark in marks)
    return 0 if max(mark.end for mark in marks) <= _MOST else max(first - _MOST // 2, 0)


def visible(line: str) -> str:
    """A source line as a terminal may show it: tabs are spaces to a stop, control characters their escapes."""
    if line.isascii() and line.isprintable():
        return line
    out: list[str] = []
    column = 0
    for char in line:
        text = " " * (_TAB - column % _TAB) if char == "\t" else _escaped(char)
        out.append(text)
        column += _cells(text)
    return "".join(out)


def width(line: str) -> int:
    """The number of terminal cells of `visible(line)`: wide characters are two, combining ones none."""
    return _cells(visible(line))


def shown(text: str) -> str:
    """A message's text with control characters escaped, so that no source can write to the terminal."""
    return "".join(_escaped(char) for char in text)


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _escaped(char: str) -> str:
    if " " <= char <= "~":
        return char
    if char == "\ufeff":
        return ""
    if char.isprintable():
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{{{ord(char):x}}}"
