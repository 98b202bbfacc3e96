"""Text to tokens. It never fails: what is no token comes as JUNK, UNENDED or WRONG_NUMBER, for the layout to report."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from flow_lang.diagnostics import Span
from flow_lang.named import NamedTuple
from flow_lang.syntax.grammar.load import load
from flow_lang.syntax.nesting import TOO_DEEP, end_of_text


class Token(NamedTuple):
    """One token. `kind` is a terminal of flow.lark; `start` and `end` are offsets into the whole source."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return tuple.__new__(Span, self[2:])


_SIGNS = ("->", "??", "==", "!=", "<=", ">=", "//", *"<>*/%;=:,.{([-+?})]\n", *(" " * count for count in range(1, 9)))
"""Texts that are of one kind wherever they stand, which a number is not: `1s` is none in `1s.x`."""


_PLAIN = r"""[^"'#{}]*"""


class _Lexer(NamedTuple):
    """`pattern` names the kind of what it matches; `texts` is the same without names, for `findall`. `kinds` are those of hard words and of
    `_SIGNS`: a look at them is faster than an alternative for each, and than a match."""

    pattern: re.Pattern[str]
    texts: re.Pattern[str]
    kinds: dict[str, str]


@cache
def _lexer() -> _Lexer:
    terminals = load().terminals
    words = {pattern: name for name, pattern in terminals if pattern.isalpha()}
    rest = [(name, pattern) for name, pattern in terminals if not pattern.isalpha()]
    pattern = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in rest))
    signs = {sign: kind for sign in _SIGNS if (match := pattern.match(sign)) and (kind := match.lastgroup)}
    return _Lexer(pattern, re.compile("|".join(pattern for _, pattern in rest)), words | signs)


def scan(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """All tokens of `text[start:end]`, with comments and newlines, without spaces."""
    end = len(text) if end is None else end
    _, texts, kinds = _lexer()
    tokens: list[Token] = []
    add, new, cls = tokens.append, tuple.__new__, Token
    at = start
    for value in texts.findall(text, start, end):
        kind = kinds.get(value)
        if kind is None:
            kind = "NAME" if value[0].isalpha() else _kind(text, at, end)
            if kind == "OPEN":
                break  # where it ends, the pattern does not know
        last = at + len(value)
        if kind != "SPACE":
            add(new(cls, (kind, value, at, last)))
        at = last
    for kind, first, last in lexemes(text, at, end):
        add(Token(kinds.get(text[first:last], kind), text[first:last], first, last))
    return tokens


def _kind(text: str, at: int, end: int) -> str:
    match = _lexer().pattern.match(text, at, end)
    assert match is not None, "the last terminal of the grammar matches any character"
    return match.lastgroup or ""


def scan_until(text: str, start: int, stops: Sequence[int]) -> int:
    """Where to stop a scan that begins at `start`: at the first of `stops`, ascending, at which a line ends that is no part of a longer
    token; the end of the text where there is none. What follows such a place has the same tokens, whatever stands before it."""
    following = iter(stops)
    stop = next(following, -1)
    if stop == start:
        return stop
    for _, first, last in lexemes(text, start, len(text)):
        while -1 < stop < last:
            stop = next(following, -1)
        if stop == -1:
            break
        if last == stop and text[first:last] == "\n":
            return stop
    return len(text)


def end_of_interpolation(text: str, start: int, limit: int) -> int:
    """The offset of the `}` that ends the expression which starts at `start`, or -1. Strings in it may hold braces."""
    first = text.find("}", start, limit)
    if first == -1 or re.compile(_PLAIN).fullmatch(text, start, first):
        return first
    depth = 0
    for kind, first, _ in lexemes(text, start, limit):
        if kind == "LBRACE":
            depth += 1
        elif kind == "RBRACE":
            if depth == 0:
                return first
            depth -= 1
    return -1


def lexemes(text: str, start: int, limit: int) -> Iterator[tuple[str, int, int]]:
    """The kind, start and end of each token but spaces. The pattern of a STRING knows what is frequent; where one is nested deeper, it
    ends where `end_of_text` finds."""
    pattern = _lexer().pattern
    at = start
    while at < limit:
        for match in pattern.finditer(text, at, limit):
            kind = match.lastgroup
            if kind == "SPACE" or kind is None:
                continue
            if kind == "OPEN":
                at = end_of_text(text, match.start(), limit)
                if at > 0:
                    yield "STRING", match.start(), at
                    break
                if at == TOO_DEEP:
                    at = _end_of_the_deep(text, match.start(), limit)
                    yield "DEEP", match.start(), at
                    break
            yield kind, *match.span()
        else:
            return


def _end_of_the_deep(text: str, start: int, limit: int) -> int:
    """Where to go on after a text that is nested too deeply: its last quote, or the end of the line."""
    line_end = text.find("\n", start, limit)
    line_end = limit if line_end == -1 else line_end
    quote = text.rfind('"', start, line_end)
    return line_end if text.startswith("~{", quote + 1) else quote + 1
