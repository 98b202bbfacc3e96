"""The Python and shell bodies of a source as scripts of their own, each of whose characters knows where it stands in the source."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from flow_lang.checks.python.body import read_python
from flow_lang.checks.registry import all_words
from flow_lang.checks.shell.scanner import ShellScanner
from flow_lang.diagnostics import Report, Span
from flow_lang.source import Source
from flow_lang.syntax import tree
from flow_lang.syntax.build import parse_file
from flow_lang.syntax.lexer import end_of_interpolation

INDENT = 4
"""Columns that a Python body moves right in its function."""
_DIALECTS = {"": "bash", "bash": "bash", "sh": "sh", "dash": "dash", "ksh": "ksh", "ash": "dash"}
_STRICT = {"": "set -euo pipefail", "bash": "set -euo pipefail", "sh": "set -eu"}
_ESCAPE = re.compile(r"\\(?:u\{[0-9a-fA-F]+\}|.)", re.DOTALL)
_VALUE = "FLOW_VALUE"
"""The variable that stands for an interpolated value: no tool looks into it, and its capitals say that it comes from outside."""


class Snippet(NamedTuple):
    """A script that a tool can read. `text` is the whole of it; character `i` of `text` stands at `places[i]` in the source, which is
    empty where the character was added. `kind` is `python` or `shell`."""

    kind: str
    path: str
    text: str
    places: list[Span | None]

    def span(self, start: int, end: int) -> Span | None:
        """Where `text[start:end]` is in the source; None where all of it was added."""
        found = [place for place in self.places[start : max(end, start + 1)] if place is not None]
        return found[0].to(found[-1]) if found else None

    def offset(self, line: int, column: int) -> int:
        """Of a line and column that count from 1."""
        lines = self.text.split("\n")
        number = min(line, len(lines))
        return sum(len(row) + 1 for row in lines[: number - 1]) + min(column - 1, len(lines[number - 1]))


def snippets(source: Source) -> list[Snippet]:
    """Those of a source that compiles; scripts for other interpreters than a shell are left out."""
    file = parse_file(source, Report(source.path), all_words())
    found = (_snippet(source, body, with_) for body, with_ in _bodies(file.items, ""))
    return [snippet for snippet in found if snippet is not None]


def _bodies(items: tuple[Any, ...], with_: str) -> Iterator[tuple[tree.KindBody, str]]:
    """Each body with its interpreter, which holds for the blocks inside as well."""
    for item in items:
        if isinstance(item, tree.Setting) and item.name.text == "with" and isinstance(item.value, tree.Text):
            with_ = item.value.plain or ""
    for item in items:
        if isinstance(item, tree.KindBody):
            if item.word.text in ("shell", "python"):
                yield item, with_
        elif hasattr(item, "items"):
            yield from _bodies(item.items, with_)


def _snippet(source: Source, body: tree.KindBody, with_: str) -> Snippet | None:
    script = _Script(source.text, body.text)
    if body.word.text == "python":
        return _python(source.path, script)
    return _shell(source.path, script, with_)


def _python(path: str, script: "_Script") -> Snippet:
    script.fill(lambda context: ("None", "None"))
    names = ", ".join(name.name for name in read_python(script.text).free)
    made = _Made()
    made.add(f"def body({names}):\n")
    for row, places in script.rows():
        made.add(" " * INDENT if row.strip() else "")
        made.add(row, places)
        made.add("\n")
    return Snippet("python", path, made.text, made.places)


def _shell(path: str, script: "_Script", with_: str) -> Snippet | None:
    words = with_.split()
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name not in _DIALECTS:
        return None
    script.fill(_shell_value)
    made = _Made()
    made.add(f"# shellcheck shell={_DIALECTS[name]}\n")
    made.add(f"{_STRICT[with_]}\n" if with_ in _STRICT else "")
    made.add(script.text, script.places)
    made.add("\n")
    return Snippet("shell", path, made.text, made.places)


def _shell_value(context: str) -> tuple[str, str]:
    """What stands for a value, and for the words of a list."""
    if context == "bare":
        return f'"${_VALUE}"', '"$@"'
    return f"${{{_VALUE}}}", f"${{{_VALUE}}}"


class _Made:
    """A text in the making."""

    def __init__(self) -> None:
        self.text = ""
        self.places: list[Span | None] = []

    def add(self, text: str, places: "Sequence[Span | None] | None" = None) -> None:
        self.text += text
        self.places += places or [None] * len(text)


class _Script(_Made):
    """The text of a body as its interpreter gets it."""

    def __init__(self, source: str, text: tree.Text) -> None:
        super().__init__()
        self._source, self._body = source, text
        self._scanner = ShellScanner()

    def fill(self, value: Any) -> None:
        """`value(context)` gives what stands for an interpolated value and for a list of words."""
        for part in self._body.parts:
            if isinstance(part, tree.Chunk):
                self._chunk(part)
                self._scanner.feed(part.text)
                continue
            one, several = value(self._scanner.context)
            shown = several if _is_words(part) else one
            self.add(shown, [self._interpolation(part.span)] * len(shown))
            self._scanner.interpolate()

    def rows(self) -> Iterator[tuple[str, list[Span | None]]]:
        at = 0
        for row in self.text.split("\n"):
            yield row, self.places[at : at + len(row)]
            at += len(row) + 1

    def _interpolation(self, span: Span) -> Span:
        start = self._source.rfind("~{", 0, span.start)
        end = end_of_interpolation(self._source, start + 2, self._body.span.end)
        return Span(start, end + 1)

    def _chunk(self, chunk: tree.Chunk) -> None:
        """Finds each character of the text in the source, past the indentation, carriage returns and escapes that it lost."""
        at = max(chunk.span.start, self._body.content)
        new_line = at == self._body.content
        for char in chunk.text:
            if new_line and self._body.kind != "string":
                at += self._margin(at)
            at, end = self._next(char, at)
            self.add(char, [Span(at, end)])
            at, new_line = end, char == "\n"

    def _margin(self, at: int) -> int:
        """How much of the common indentation stands here; a blank line may have less."""
        margin = self._source[at : at + self._body.margin]
        return len(margin) - len(margin.lstrip(" \t"))

    def _next(self, char: str, at: int) -> tuple[int, int]:
        escape = _ESCAPE.match(self._source, at) if self._body.kind == "string" else None
        if escape is not None:
            return at, escape.end()
        limit = self._body.span.end
        while at < limit and self._source[at] != char:  # a carriage return, or the tilde of ~~{
            at += 1
        return at, min(at + 1, limit)


def _is_words(node: tree.Expr) -> bool:
    return isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name == "words"
