"""The grammar of the language (flow.lark) as the tables that the lexer and the parser work with."""

import json
import os.path
from functools import cache
from hashlib import sha256
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
    spec: dict[str, Any] = json.loads(_own_file("table.json"))
    grammar = _own_file("flow.lark")
    if (spec["digest"], spec["version"]) != (digest(grammar), VERSION):
        from flow_lang.grammar.generate import build

        spec = build(grammar)
    terminals = [(name, pattern) for name, pattern in spec["terminals"]]
    return Tables(terminals, [Rule(*rule) for rule in spec["rules"]], spec["states"], spec["start"], spec["end"])


def _own_file(name: str) -> str:
    """A file of the package; importlib.resources would take longer to import than all of this takes to run."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()
