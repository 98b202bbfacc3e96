"""Which of the syntax errors to tell: a wrong bracket or quote makes others further on, which would only be noise.

- Where a text never ends, what follows is read inside out: the first error and the open text are told, nothing else.
- After a bracket that is never closed, the next complaint of the parser is dropped: it is where the reader noticed.
- On a line with a wrong bracket, character or number, what the parser says about it is dropped, and so is a second bracket.
- Of what the parser says about one line, and of one complaint about several lines on end, the first is told.
- A bracket that closes nothing, and an unfinished end of the file, are told only where nothing before them explains them.
"""

from flow_lang.diagnostics import Diagnostic, in_order
from flow_lang.source import Lines

_UNENDED, _BRACKET, _PARSER = "FLOW103", "FLOW104", "FLOW101"


def settle(found: list[Diagnostic], lines: Lines) -> list[Diagnostic]:
    ordered = in_order(found)
    unended = [d for d in ordered if d.code == _UNENDED]
    if unended:
        return list(dict.fromkeys((ordered[0], unended[0])))
    kept: list[Diagnostic] = []
    marked = {_line(d, lines) for d in ordered if d.code != _PARSER}
    bracket_lines: set[int] = set()
    last = ("", 0)
    waits = False
    for diagnostic in ordered:
        line = _line(diagnostic, lines)
        if diagnostic.code == _PARSER:
            repeated = line == last[1] or (diagnostic.message, line - 1) == last
            last = (diagnostic.message, line)
            if repeated or line in marked or (kept and _at_the_end(diagnostic, lines)):
                continue
        if diagnostic.code == _BRACKET and (line in bracket_lines or (kept and _is_stray(diagnostic))):
            continue
        if diagnostic.code == _BRACKET:
            bracket_lines.add(line)
            waits = not _is_stray(diagnostic)
        elif diagnostic.code == _PARSER and waits:
            waits = False
            continue
        kept.append(diagnostic)
    return kept


def _line(diagnostic: Diagnostic, lines: Lines) -> int:
    return lines.position(diagnostic.primary.span.start).line


def _at_the_end(diagnostic: Diagnostic, lines: Lines) -> bool:
    return diagnostic.primary.span.start >= len(lines.text.rstrip())


def _is_stray(diagnostic: Diagnostic) -> bool:
    return diagnostic.message.endswith("closes nothing")
