"""The grammar of the language (flow.lark) as the tables that the lexer and the parser work with."""

import json
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any, NamedTuple

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


@cache
def load() -> Tables:
    """The tables, from the package's own file; built with lark where that is older than the grammar."""
    folder = resources.files(__name__)
    spec: dict[str, Any] = json.loads((folder / "table.json").read_text("utf-8"))
    grammar = (folder / "flow.lark").read_text("utf-8")
    if (spec["digest"], spec["version"]) != (digest(grammar), VERSION):
        from flow_lang.grammar.generate import build

        spec = build(grammar)
    terminals = [(name, pattern) for name, pattern in spec["terminals"]]
    return Tables(terminals, [Rule(*rule) for rule in spec["rules"]], spec["states"], spec["start"], spec["end"])
