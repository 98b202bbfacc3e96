"""How a value becomes text in a shell script: always exactly the words that were meant, whatever the value holds.

The compiler knows the quoting around each interpolation (`bare` or `double`; others are compile-time errors), so a script's `parts`
are literal strings and `[context, how, expression]` triples, `how` being `word` (one word), `words` (one word for each element) or `raw`.
"""

import re
from typing import Any

from flow_lang.values import to_text

_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII)
_SPECIAL_IN_DOUBLE = re.compile(r'([$`"\\])')


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
        return _SPECIAL_IN_DOUBLE.sub(r"\\\1", text)
    return _word(text)


def _word(text: str) -> str:
    _refuse_nul(text)
    if _SAFE.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _refuse_nul(text: str) -> None:
    if "\0" in text:
        raise UnquotableValue("a value with a NUL byte cannot be passed to a shell; use json() or a file")
