"""The tables of the grammar, from table.json or made anew."""

import json
import os.path
from functools import cache
from typing import Any

from flow_lang.syntax.grammar.tables import VERSION, Rule, Tables, digest


@cache
def load() -> Tables:
    """The tables, from the package's own file; built with lark where that is older than the grammar."""
    spec: dict[str, Any] = json.loads(_own_file("table.json"))
    grammar = _own_file("flow.lark")
    if (spec["digest"], spec["version"]) != (digest(grammar), VERSION):
        from flow_lang.syntax.grammar.generate import build  # lark takes its time, and is seldom needed

        spec = build(grammar)
    terminals = [(name, pattern) for name, pattern in spec["terminals"]]
    rules = [
        Rule(name, alias, length, alias or name, length == 1 and alias in ("same", "all"))
        for name, alias, length in spec["rules"]
    ]
    return Tables(terminals, rules, spec["states"], spec["start"], spec["end"], {})


def _own_file(name: str) -> str:
    """A file of the package; importlib.resources would take longer to import than all of this takes to run."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()
