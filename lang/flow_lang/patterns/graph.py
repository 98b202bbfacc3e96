"""A pattern as a graph of states."""

from collections.abc import Callable
from typing import NamedTuple

LONGEST = 1000
"""Characters of a pattern."""
MOST_STATES = 10_000
"""Of a pattern, with its repetitions written out."""


class BadPattern(ValueError):
    """A text that is no pattern, or one that is not linear."""


class Char(NamedTuple):
    """A character that `takes` it leads to the state `to`."""

    takes: Callable[[str], bool]
    to: int


class Empty(NamedTuple):
    """Leads on without a character: where `where` is "" or holds here (`^`, `$`, `Z`, `b`, `B`, and `m^`, `m$` at each line)."""

    where: str
    to: int


class Graph(NamedTuple):
    """`edges` by state; it begins in 0 and matches when `final` is reached."""

    edges: list[list[Char | Empty]]
    final: int


def is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
