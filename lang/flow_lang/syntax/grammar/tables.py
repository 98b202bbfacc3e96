"""What the lexer and the parser work with: the grammar (flow.lark) as tables."""

from hashlib import sha256
from typing import NamedTuple

VERSION = 1
"""The form of table.json."""


class Rule(NamedTuple):
    name: str
    alias: str
    length: int


class Tables(NamedTuple):
    """`states[n]` maps a terminal or rule name to the state to go to, or to -1 - (number of the rule to reduce by)."""

    terminals: list[tuple[str, str]]
    rules: list[Rule]
    states: list[dict[str, int]]
    start: dict[str, int]
    end: dict[str, int]


def digest(grammar: str) -> str:
    return sha256(grammar.encode()).hexdigest()[:16]
