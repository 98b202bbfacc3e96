"""A source with its lines numbered, what is wrong marked in its place."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flow_lang.plan import Plan

CONTEXT = 2
"""Lines that are shown before and after one that is wrong."""
WIDTH = 500
"""Characters of a line that are shown around what is wrong."""
MOST = 20
"""Diagnostics that are shown."""
LINES = 3000
"""Lines of a source that a page shows."""


class SourceLine(NamedTuple):
    """`parts` are its text in pieces, each with whether it is marked."""

    number: int
    parts: tuple[tuple[str, bool], ...]
    marked: bool = False


class Wrong(NamedTuple):
    """A diagnostic with the lines around its place; `line` is 0 where it has none."""

    code: str
    severity: str
    message: str
    hint: str
    line: int
    column: int
    lines: tuple[SourceLine, ...]


def source_lines(text: str, marked: Iterable[int] = ()) -> list[SourceLine]:
    """All of them, those with these numbers marked as a whole."""
    chosen = {*marked}
    lines = text.split("\n")[:LINES]
    if lines and not lines[-1]:
        lines.pop()
    return [SourceLine(number, ((line, False),), number in chosen) for number, line in enumerate(lines, 1)]


def wrong_in(source: str, diagnostics: Sequence[Mapping[str, Any]]) -> list[Wrong]:
    """The first of `diagnostics`, which are as the API answers them."""
    lines = source.replace("\r\n", "\n").split("\n")
    return [_wrong(lines, diagnostic) for diagnostic in diagnostics[:MOST]]


def _wrong(lines: list[str], told: Mapping[str, Any]) -> Wrong:
    line = told.get("line", 0)
    first, last = line, min(told.get("end_line", line), line + CONTEXT)
    shown = range(max(first - CONTEXT, 1), min(last + CONTEXT, len(lines)) + 1) if line else range(0)
    around = tuple(_line(lines[number - 1], number, told) for number in shown)
    message, hint = (_short(told[name], 2 * WIDTH) for name in ("message", "hint"))  # they may name what is long
    return Wrong(told["code"], told["severity"], message, hint, line, told.get("column", 0), around)


def _short(text: str, length: int) -> str:
    return text[:length] + "…" * (len(text) > length)


def _line(text: str, number: int, told: Mapping[str, Any]) -> SourceLine:
    if not told["line"] <= number <= told["end_line"]:
        return SourceLine(number, ((_short(text, WIDTH), False),))
    start = told["column"] - 1 if number == told["line"] else 0
    end = told["end_column"] - 1 if number == told["end_line"] else len(text)
    end = max(end, start + 1)
    first = max(start - WIDTH // 2, 0)
    last = first + WIDTH
    end = min(end, last)
    before = "…" * (first > 0) + text[first:start]
    after = text[end:last] + "…" * (len(text) > last)
    parts = ((before, False), (text[start:end] or " ", True), (after, False))
    return SourceLine(number, tuple(part for part in parts if part[0]), True)


def lines_of(plan: Plan, name: str) -> range:
    """The lines of a task of the entry workflow: from its first to the one with which its braces close."""
    workflow = plan.workflow
    starts = sorted({task.line for task in workflow.tasks if task.line})
    first = next((task.line for task in workflow.tasks if task.name == name), 0)
    if not first:
        return range(0)
    lines = source_of(plan).split("\n")
    following = min((start for start in starts if start > first), default=len(lines) + 1)
    depth = 0
    for number in range(first, min(following, len(lines) + 1)):
        depth += lines[number - 1].count("{") - lines[number - 1].count("}")
        if depth <= 0:
            return range(first, number + 1)
    return range(first, first + 1)


def source_of(plan: Plan) -> str:
    """The file of the entry workflow; empty where the plan was kept without it."""
    return plan.sources.get(plan.workflow.file or plan.file, "")
