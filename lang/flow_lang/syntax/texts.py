"""What the strings of the language mean: escapes, `~{...}`, and the indentation that long texts lose."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from flow_lang.diagnostics import Report, Span
from flow_lang.syntax.lexer import Token, end_of_interpolation
from flow_lang.syntax.tree import Chunk, Expr, Text

ParseExpr = Callable[[int, int], Any]
"""Parses the expression between two offsets of the source; None where it is wrong (and reported)."""

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "0": "\0", "e": "\x1b"}
_ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]{1,6})\}|.)", re.DOTALL)
_KINDS = {"STRING": ("string", 1), "TRIPLE": ("triple", 3), "RAW": ("raw", 3)}


def read_text(token: Token, source: str, report: Report, parse: ParseExpr) -> Text:
    """The Text of a STRING, TRIPLE or RAW token. In a long text a backslash is itself, because shell and Python have their own."""
    kind, quotes = _KINDS[token.kind]
    start, end = token.start + quotes, token.end - quotes
    pieces = [(start, end, False)] if kind == "raw" else list(_pieces(source, start, end, report))
    if kind == "string":
        return _short(pieces, source, report, parse, token.span)
    return _long(pieces, source, parse, Span(start, end), kind, token.span)


def _pieces(source: str, start: int, end: int, report: Report) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is it an expression) for each part between `start` and `end`."""
    at = begin = start
    while (at := source.find("~", at, end)) != -1:
        if source.startswith("~~{", at):
            at += 3
        elif source.startswith("~{", at):
            close = end_of_interpolation(source, at + 2, end)
            if close == -1:
                hint = "add the missing `}`; a `~{` that is meant as text is written `~~{`"
                report.error("FLOW108", "this `~{` has no end inside its text", Span(at, at + 2), "starts here", hint)
                break
            yield begin, at, False
            yield at + 2, close, True
            at = begin = close + 1
        else:
            at += 1
    yield begin, end, False


def _short(pieces: list[tuple[int, int, bool]], source: str, report: Report, parse: ParseExpr, span: Span) -> Text:
    parts: list[Chunk | Expr] = []
    for start, end, is_expression in pieces:
        if is_expression:
            _add(parts, parse(start, end))
        elif start < end:
            parts.append(Chunk(_unescape(source[start:end], start, report), Span(start, end)))
    return Text(tuple(parts), "string", span, span.start + 1)


def _add(parts: list[Chunk | Expr], value: Any) -> None:
    if value is not None:
        parts.append(value)


def _unescape(text: str, offset: int, report: Report) -> str:
    def meaning(match: re.Match[str]) -> str:
        if match[2] and int(match[2], 16) <= 0x10FFFF:
            return chr(int(match[2], 16))
        if match[1] in _ESCAPES:
            return _ESCAPES[match[1]]
        place = Span(offset + match.start(), offset + match.end())
        hint = 'there are \\n \\t \\r \\" \\\\ \\0 \\e \\u{1F600}; a backslash itself is \\\\, and in """long texts""" it needs nothing'
        report.error("FLOW109", f"`{match[0]}` is not an escape", place, "", hint)
        return match[0]

    text = text.replace("~~{", "~{")
    return _ESCAPE.sub(meaning, text) if "\\" in text else text


def _common(indents: list[str]) -> str:
    """What all begin with: the first and the last in order differ the most."""
    if not indents:
        return ""
    low, high = min(indents), max(indents)
    return low[: next((at for at, char in enumerate(low) if at >= len(high) or high[at] != char), len(low))]


def _long(
    pieces: list[tuple[int, int, bool]], source: str, parse: ParseExpr, inner: Span, kind: str, span: Span
) -> Text:
    """Every line loses the indentation that all have in common; the line ends after the opening and before the closing quotes go."""
    raw = source[inner.start : inner.end].replace("\r\n", "\n")
    first, newline, rest = raw.partition("\n")
    starts_below = bool(newline) and not first.strip()
    lines = [line for line in rest.split("\n") if line.strip()]
    margin = _common([line[: len(line) - len(line.lstrip(" \t"))] for line in lines])
    parts: list[Chunk | Expr] = []
    for start, end, is_expression in pieces:
        if is_expression:
            _add(parts, parse(start, end))
            continue
        text = source[start:end].replace("\r\n", "\n")
        text = text.replace("~~{", "~{") if kind == "triple" else text
        text = text.replace("\n" + margin, "\n") if margin else text
        if start == inner.start and starts_below:
            text = text.partition("\n")[2]
        if end == inner.end:
            text = re.sub(r"\n[ \t]*\Z", "", text)
        parts.append(Chunk(text, Span(start, end)))
    content = source.index("\n", inner.start) + 1 if starts_below else inner.start
    kept = tuple(part for part in parts if not isinstance(part, Chunk) or part.text)
    return Text(kept, kind, span, content, len(margin))
