"""Where a text of one line ends that holds `~{...}` with texts and braces in it, however they are nested."""

import re

TOO_DEEP = -2
DEEPEST = 20
"""Texts, values and braces inside one another."""

_PLAIN = re.compile(r'[^"{}~\\\r\n]+')


def end_of_text(text: str, start: int, limit: int) -> int:
    """The offset after the quote that ends the text which starts at `start`; -1 where there is none on its line, or TOO_DEEP."""
    inside = ['"']
    at = start + 1
    while at < limit:
        plain = _PLAIN.match(text, at, limit)
        if plain is not None:
            at = plain.end()
            continue
        char = text[at]
        if char in "\r\n":
            return -1
        at += _step(text, at, char, inside)
        if not inside:
            return at
        if len(inside) > DEEPEST:
            return TOO_DEEP
    return -1


def _step(text: str, at: int, char: str, inside: list[str]) -> int:
    """How many characters to go on; `inside` has what is open: a text, or a brace."""
    if inside[-1] != '"':
        if char == "}":
            inside.pop()
        elif char in '"{':
            inside.append(char)
        return 1
    if char == "\\":
        return 2
    if char == '"':
        inside.pop()
    elif char == "~":
        if text.startswith("~~{", at):
            return 3
        if text.startswith("~{", at):
            inside.append("{")
            return 2
    return 1
