"""What the lexer and the parser work with: the grammar (flow.lark) as tables."""

from hashlib import sha256

from flow_lang.named import NamedTuple

VERSION = 1
"""The form of table.json."""


class Rule(NamedTuple):
    """`builder` is the name of what makes its value; one that `passes` hands the value of its only part on."""

    name: str
    alias: str
    length: int
    builder: str
    passes: bool


class Tables(NamedTuple):
    """`states[n]` maps a terminal or rule name to the state to go to, or to -1 - (number of the rule to reduce by)."""

    terminals: list[tuple[str, str]]
    rules: list[Rule]
    states: list[dict[str, int]]
    start: dict[str, int]
    end: dict[str, int]
    passed: dict[tuple[int, int, str], int]
    """What the parser has found out about rules that pass a value on: (state below, state, token) to the state after them."""


def digest(grammar: str) -> str:
    return sha256(grammar.encode()).hexdigest()[:16]
