"""Turns flow.lark into table.json with lark's LALR generator. Run `python -m flow_lang.syntax.grammar.generate` after a change.

A cold command then neither imports lark nor builds the table. A test compares the two, and `load` builds anew where they differ.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from flow_lang.syntax.grammar.tables import VERSION, digest


def build(grammar: str) -> dict[str, Any]:
    """The tables as JSON: terminals in the lexer's order, rules, and for each state its actions (shift n: n; reduce rule r: -1 - r)."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    lark: Any = Lark(
        grammar, parser="lalr", lexer="basic", start=["file", "expr"], maybe_placeholders=False, strict=False
    )
    table = lark.parser.parser._parse_table
    rules = list(lark.rules)
    ranks = {str(rule): number for number, rule in enumerate(rules)}
    states, names = [], {name: number for number, name in enumerate(table.states)}
    for actions in table.states.values():
        row = {}
        for symbol, (action, target) in sorted(actions.items()):
            row[symbol] = names[target] if action is Shift else -1 - ranks[str(target)]
        states.append(row)
    order = sorted(lark.terminals, key=lambda t: (-t.priority, -len(t.pattern.value), t.name))
    return {
        "digest": digest(grammar),
        "version": VERSION,
        "terminals": [[t.name, t.pattern.to_regexp()] for t in order],
        "rules": [[rule.origin.name, rule.alias or "", len(rule.expansion)] for rule in rules],
        "states": states,
        "start": {start: names[state] for start, state in table.start_states.items()},
        "end": {start: names[state] for start, state in table.end_states.items()},
    }


def main() -> None:
    folder = resources.files("flow_lang.syntax.grammar")
    tables = build((folder / "flow.lark").read_text("utf-8"))
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in tables.items()]
    Path(str(folder / "table.json")).write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
