"""How a value becomes text in a shell script: always exactly the words that were meant, whatever the value holds.

The compiler knows the quoting around each interpolation (`bare`, `double` or `heredoc`, an unquoted here-document; others are
compile-time errors), so a script's `parts` are literal strings and `[context, how, expression]` triples, `how` being `word` (one
word), `words` (one word for each element) or `raw`.
"""

import re
from typing import Any

from flow_lang.values import to_text

_SPECIAL_IN_HEREDOC = r"([$`\\])"
_NOTHING = "${_flow_nothing_-}"
"""Expands to nothing. Before each line of a value in a here-document, so that no value can be the line that ends it."""
_SPECIAL_IN_DOUBLE = r'([$`"\\])'


class UnquotableValue(ValueError):
    """A value that no quoting can pass to a shell: one with a NUL byte."""


def quote(value: Any, context: str, how: str) -> str:
    """The script text for one interpolated value."""
    if how == "raw":
        return to_text(value)
    if how == "words":
        return " ".join(_word(to_text(item)) for item in value)
    text = to_text(value)
    if context == "double":
        _refuse_nul(text)
        return re.sub(_SPECIAL_IN_DOUBLE, r"\\\1", text)
    if context == "heredoc":
        _refuse_nul(text)
        return "\n".join(_NOTHING + line for line in re.sub(_SPECIAL_IN_HEREDOC, r"\\\1", text).split("\n"))
    return _word(text)


def _word(text: str) -> str:
    """Always in quotes: unquoted, `if` is a keyword, `A=b` an assignment, and the 2 in `echo 2>log` a file descriptor."""
    _refuse_nul(text)
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _refuse_nul(text: str) -> None:
    if "\0" in text:
        raise UnquotableValue("a value with a NUL byte cannot be passed to a shell; use json() or a file")
