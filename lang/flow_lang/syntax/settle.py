"""Which of the syntax errors to tell: a wrong bracket or quote makes others further on, which would only be noise.

- Where a text never ends, what follows is read inside out: the first error and the open text are told, nothing else.
- After a bracket that is never closed, and after a wrong heading of a workflow or type, what the parser says is dropped up to the line
  where something new is declared: it reads the rest of the bracket or block as something else.
- On a line with a wrong bracket, character or number, what the parser says about it is dropped, and so is a second one of
  these.
- Of what the parser says about one line, and of one complaint about several lines on end, the first is told.
- A bracket that closes nothing, and an unfinished end of the file, are told only where nothing before them explains them.
"""

import re

from flow_lang.diagnostics import Diagnostic, Span, in_order
from flow_lang.source import Lines

_DECLARATION = re.compile(r"\s*(?:(?:task|workflow|type|policy|test|wait|pool|from)\s+[\w\"]|import\s)")
_UNENDED, _BRACKET, _PARSER, _CHARACTER = "FLOW103", "FLOW104", "FLOW101", "FLOW102"


def settle(found: list[Diagnostic], lines: Lines, headings: set[Span], unfinished: Span | None) -> list[Diagnostic]:
    """`headings` are the places of complaints about the heading of a workflow or type; `unfinished` is a bracket that is open at
    the end of the file."""
    if any(d.code == _PARSER and not _at_the_end(d, lines) for d in found):
        found = [d for d in found if d.code != _BRACKET or d.primary.span != unfinished]
    ordered = in_order(found)
    unended = [d for d in ordered if d.code == _UNENDED]
    if unended:
        return list(dict.fromkeys((ordered[0], unended[0])))
    kept: list[Diagnostic] = []
    marked = {_line(d, lines) for d in ordered if d.code != _PARSER}
    bracket_lines: set[int] = set()
    character_lines: set[int] = set()
    last = ("", 0)
    waits_from = 0
    for diagnostic in ordered:
        line = _line(diagnostic, lines)
        if diagnostic.code == _PARSER:
            repeated = line == last[1] or (diagnostic.message, line - 1) == last
            last = (last[0] if line == last[1] else diagnostic.message, line)
            if repeated or line in marked or (kept and _at_the_end(diagnostic, lines)):
                continue
        if diagnostic.code == _BRACKET and (line in bracket_lines or (kept and _is_stray(diagnostic))):
            continue
        if diagnostic.code == _CHARACTER:
            if line in character_lines:
                continue
            character_lines.add(line)
        if diagnostic.code == _BRACKET:
            bracket_lines.add(line)
            waits_from = _noticed(diagnostic, lines) if not _is_stray(diagnostic) else waits_from
        elif diagnostic.code == _PARSER and waits_from and not _declared(lines, waits_from, line):
            continue
        elif diagnostic.code == _PARSER and diagnostic.primary.span in headings:
            waits_from = line
        kept.append(diagnostic)
    return kept


def _noticed(diagnostic: Diagnostic, lines: Lines) -> int:
    """The line that shows that a bracket is still open, or else the bracket's own."""
    label = diagnostic.secondary[0] if diagnostic.secondary else diagnostic.primary
    return lines.position(label.span.start).line


def _declared(lines: Lines, first: int, last: int) -> bool:
    """Whether a declaration begins after the one line, and not after the other."""
    return any(_DECLARATION.match(lines.line(number)) for number in range(first + 1, last + 1))


def _line(diagnostic: Diagnostic, lines: Lines) -> int:
    return lines.position(diagnostic.primary.span.start).line


def _at_the_end(diagnostic: Diagnostic, lines: Lines) -> bool:
    return diagnostic.primary.span.start >= len(lines.text.rstrip())


def _is_stray(diagnostic: Diagnostic) -> bool:
    return diagnostic.message.endswith("closes nothing")
