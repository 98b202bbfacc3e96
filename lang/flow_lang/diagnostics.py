"""A diagnostic is data: a code, a message, places in a source and one hint. `render.py` shows it to people."""

import re
from collections.abc import Mapping
from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.source import Lines, Source
from flow_lang.suggest import Meant


class Span(NamedTuple):
    """Offsets into a source's text; `end` is the first offset after it."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        return Span(self.start, max(self.end, other.end))


class Label(NamedTuple):
    """A marked place; `text` says what is there and may be empty. `path` is that of its source where it is not the diagnostic's own."""

    span: Span
    text: str = ""
    path: str = ""


class Fix(NamedTuple):
    """Write `right` for the word `wrong`, which stands in the primary span."""

    wrong: str
    right: str


class Diagnostic(NamedTuple):
    """`severity` is `error` or `warning`; `path` names the source that the spans are of ("" where there is none).
    What has no place in it, such as a parameter given on the command line, has the span (0, 0)."""

    code: str
    severity: str
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    hint: str = ""
    path: str = ""
    fix: Fix | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == "error"


MOST = 100
"""Diagnostics of one source; nobody reads more, and a file of a million wrong characters must not make a million."""
_LONGEST = 60
_MOST_OF_A_MESSAGE = 600
_LONG_WORD = r"\S{81,}"


class Report:
    """Collects the diagnostics of one source."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []
        self.unknown: set[str] = set()
        self.mistakes = 0
        """How many were met, told or not: a place where this has grown is not to be trusted."""
        self.warnings = 0
        """How many, told or not."""
        self._told: set[tuple[str, Span]] = set()

    def first_unknown(self, name: str) -> bool:
        """Whether nobody has yet been told that there is no such name: one wrong declaration is one error, not one for each use."""
        first = name not in self.unknown and not self.full
        self.unknown.add(name)
        self.mistakes += 1
        return first

    def error(
        self, code: str, message: str, span: Span, label: str = "", hint: str = "", secondary: tuple[Label, ...] = ()
    ) -> None:
        self.mistakes += 1
        self._add(Diagnostic(code, "error", message, Label(span, label), secondary, hint, self.path))

    def warning(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.warnings += 1
        self._add(Diagnostic(code, "warning", message, Label(span, label), (), hint, self.path))

    @property
    def full(self) -> bool:
        """Whether nothing more is told."""
        return len(self.diagnostics) >= MOST

    @property
    def failed(self) -> bool:
        return any(diagnostic.is_error for diagnostic in self.diagnostics)

    def _add(self, diagnostic: Diagnostic) -> None:
        """One mistake is told once: the same code at the same place is dropped. Names of absurd length are cut."""
        if self.full:
            return
        fix = Fix(diagnostic.hint.wrong, diagnostic.hint.right) if isinstance(diagnostic.hint, Meant) else None
        diagnostic = diagnostic._replace(message=_cut(diagnostic.message), hint=_cut(diagnostic.hint), fix=fix)
        key = (diagnostic.code, diagnostic.primary.span)
        if key not in self._told:
            self._told.add(key)
            self.diagnostics.append(diagnostic)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    text = text if len(text) <= _MOST_OF_A_MESSAGE else text[:_MOST_OF_A_MESSAGE] + "…"
    return re.sub(_LONG_WORD, lambda word: f"{word[0][:_LONGEST]}…{word[0][-1] if word[0].endswith('`') else ''}", text)


def to_dict(diagnostic: Diagnostic, sources: Mapping[str, Source] | None = None) -> dict[str, Any]:
    """The JSON form. Lines and columns count from 1, and are there only where the source and the place in it are."""
    found: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": diagnostic.path,
    }
    source = (sources or {}).get(diagnostic.path)
    if source is not None and diagnostic.primary.span.end:
        lines = Lines(source.text)
        start, end = (lines.position(offset) for offset in diagnostic.primary.span)
        found |= {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}
    return found


def in_file(span: Span, lines: Lines) -> Span:
    """Where a span of a tree is in its file. One without a place stays so."""
    if not span.end:
        return span
    end = lines.end_in_file(span.end)
    return Span(end if span.start == span.end else lines.in_file(span.start), end)


def in_files(diagnostic: Diagnostic, lines: Mapping[str, Lines]) -> Diagnostic:
    """A diagnostic with the offsets that its places have in their files. `lines` are by the path of the source."""

    def moved(label: Label) -> Label:
        return label._replace(span=in_file(label.span, lines[label.path or diagnostic.path]))

    return diagnostic._replace(
        primary=moved(diagnostic.primary), secondary=tuple(moved(label) for label in diagnostic.secondary)
    )


def in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """As they stand in the files, errors and warnings together."""
    return sorted(diagnostics, key=lambda d: (d.path, d.primary.span, d.code))
