"""The grammar as people read it: the section of docs/language.md between its two markers.

`python -m flow_lang.reference docs/language.md` writes it anew after a change of flow.lark; a test finds it stale.
"""

import sys
from importlib import resources
from pathlib import Path
from typing import Any

from flow_lang.checks.registry import all_words

BEGIN, END = "<!-- grammar: begin, made by flow_lang.reference -->", "<!-- grammar: end -->"
_SPELLED = {
    "NL": "END",
    "COMPARE": '( "==" | "!=" | "<" | "<=" | ">" | ">=" )',
    "TIMES": '( "*" | "/" | "//" | "%" )',
    "LCURLY": '"{"',
    "RCURLY": '"}"',
}
_CLASSES = ("NAME", "INT", "FLOAT", "DURATION", "SIZE", "STRING", "TRIPLE", "RAW")
_LIMIT = 110
Symbols = tuple[str, ...]


def reference(grammar: str) -> str:
    """The rules in EBNF: `[ x ]` may be missing, `{ x }` stands any number of times, words and signs are in quotes."""
    from lark import Lark  # it takes its time, and only who writes the docs waits for it

    lark: Any = Lark(grammar, parser="lalr", lexer="basic", start=["file", "expr"], maybe_placeholders=False)
    literals = {t.name: f'"{t.pattern.value}"' for t in lark.terminals if t.pattern.type == "str"}
    for word, kind in all_words().terminals.items():
        literals.setdefault(kind, "")
        literals[kind] += (" | " if literals[kind] else "") + f'"{word}"'
    for kind, text in literals.items():
        literals[kind] = f"( {text} )" if " | " in text else text
    literals |= _SPELLED
    rules: dict[str, list[Symbols]] = {}
    for rule in lark.rules:
        symbols = tuple(symbol.name for symbol in rule.expansion)
        if "ERROR" not in symbols:
            rules.setdefault(rule.origin.name, []).append(symbols)
    width = max(len(name) for name in rules)
    return "\n".join(_rule(name, options, literals, width) for name, options in rules.items())


def _rule(name: str, options: list[Symbols], literals: dict[str, str], width: int) -> str:
    def shown(symbols: Symbols) -> str:
        return " ".join(literals.get(symbol, symbol) for symbol in symbols)

    repeated = [symbols[1:] for symbols in options if symbols[:1] == (name,)]
    first = [symbols for symbols in options if symbols[:1] != (name,)]
    texts = _alternatives(first, shown)
    if repeated:
        loop = "{ " + " | ".join(shown(symbols) for symbols in repeated) + " }"
        start = texts[0] if len(texts) == 1 else f"( {' | '.join(texts)} )"
        texts = [f"{start} {loop}" if start else loop]
    head = f"{name:<{width}} = "
    line = head + " | ".join(texts)
    if len(line) <= _LIMIT:
        return line
    return head + f"\n{'':<{width}} | ".join(texts)


def _alternatives(options: list[Symbols], shown: Any) -> list[str]:
    """The alternatives; `a | a b` is `a [ b ]`, and one that is empty makes the others optional."""
    texts: list[str] = []
    for symbols in options:
        shorter = [one for one in options if one and one != symbols and symbols[: len(one)] == one]
        if symbols and not shorter:
            longer = [one[len(symbols) :] for one in options if one != symbols and one[: len(symbols)] == symbols]
            rest = f" [ {' | '.join(shown(one) for one in longer)} ]" if longer else ""
            texts.append(shown(symbols) + rest)
    if () in options and texts:
        return [f"[ {' | '.join(texts)} ]"]
    return texts or [""]


def section(page: str, grammar: str) -> str:
    """The page with the section between the markers made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n```ebnf\n{reference(grammar)}\n```\n\n{END}{after}"


def main() -> None:
    path = Path(sys.argv[1])
    grammar = (resources.files("flow_lang.syntax.grammar") / "flow.lark").read_text("utf-8")
    path.write_text(section(path.read_text("utf-8"), grammar), "utf-8")


if __name__ == "__main__":
    main()
