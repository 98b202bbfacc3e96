"""Text to tokens. It never fails: what is no token comes as JUNK, UNENDED or WRONG_NUMBER, for the layout to report."""

import re
from functools import cache
from typing import NamedTuple

from flow_lang.diagnostics import Span
from flow_lang.syntax.grammar.load import load


class Token(NamedTuple):
    """One token. `kind` is a terminal of flow.lark; `start` and `end` are offsets into the whole source."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


class _Lexer(NamedTuple):
    pattern: re.Pattern[str]
    words: dict[str, str]


@cache
def _lexer() -> _Lexer:
    """Hard words are looked up after a NAME has matched, which is faster than an alternative for each."""
    terminals = load().terminals
    words = {pattern: name for name, pattern in terminals if pattern.isalpha()}
    rest = [f"(?P<{name}>{pattern})" for name, pattern in terminals if not pattern.isalpha()]
    return _Lexer(re.compile("|".join(rest)), words)


def scan(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """All tokens of `text[start:end]`, with comments and newlines, without spaces."""
    pattern, words = _lexer()
    tokens: list[Token] = []
    add = tokens.append
    for match in pattern.finditer(text, start, len(text) if end is None else end):
        kind = match.lastgroup or ""
        if kind == "SPACE":
            continue
        value = match.group()
        if kind == "NAME" and value in words:
            kind = words[value]
        add(Token(kind, value, match.start(), match.end()))
    return tokens


def end_of_interpolation(text: str, start: int, limit: int) -> int:
    """The offset of the `}` that ends the expression which starts at `start`, or -1. Strings in it may hold braces."""
    pattern, _ = _lexer()
    depth = 0
    for match in pattern.finditer(text, start, limit):
        kind = match.lastgroup
        if kind == "LBRACE":
            depth += 1
        elif kind == "RBRACE":
            if depth == 0:
                return match.start()
            depth -= 1
    return -1
