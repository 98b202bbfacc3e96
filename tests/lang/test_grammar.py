"""The grammar: it has no conflict, the tables are those of the grammar, and what it derives is parsed and formatted."""

import json
import random
from pathlib import Path

import flow_lang.syntax.grammar
import pytest
from flow_lang.format import format_source
from flow_lang.source import Source
from flow_lang.syntax.grammar.generate import build
from flow_lang.syntax.grammar.load import load
from flow_lang.syntax.grammar.tables import digest
from lang.stripping import parsed
from lark import Lark

FOLDER = Path(flow_lang.syntax.grammar.__file__).parent
GRAMMAR = (FOLDER / "flow.lark").read_text("utf-8")


def test_there_is_no_conflict(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="lark"):
        Lark(GRAMMAR, parser="lalr", lexer="basic", start=["file", "expr"], debug=True, maybe_placeholders=False)
    assert "onflict" not in caplog.text


def test_the_tables_are_those_of_the_grammar() -> None:
    kept = json.loads((FOLDER / "table.json").read_text("utf-8"))
    assert kept["digest"] == digest(GRAMMAR)
    assert kept["rules"] == build(GRAMMAR)["rules"]


LEXEMES = {
    "NAME": ("x", "day", "task", "größe", "_1"),
    "INT": ("0", "1_000"),
    "FLOAT": ("0.5", "1.5e-3"),
    "DURATION": ("30s", "1h30m", "250ms"),
    "SIZE": ("0B", "64KiB"),
    "STRING": ('""', '"a ~{x} \\" ~~{"', '"~{f("b", { c = [1] })}"'),
    "TRIPLE": ('"""\n  a ~{x}\n    b\n"""', '"""say "hi""""'),
    "RAW": ("'''\n  raw ~{x}\n'''",),
    "COMPARE": ("==", "<"),
    "TIMES": ("*", "//"),
    "SECTION": ("defaults", "undo"),
    "WORD": ("notify", "assert"),
    "NL": ("\n", ";"),
    "LBRACE": ("{",),
    "LCURLY": ("{",),
    "RCURLY": ("}",),
    "RBRACE": ("}",),
}
_TEXTS = {name: pattern.replace("\\", "") for name, pattern in load().terminals}


class _Derivation:
    """A random text of the grammar. `ERROR` is never chosen; deep down, the shortest expansion is."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        lark = Lark(GRAMMAR, parser="lalr", lexer="basic", start="file", maybe_placeholders=False)
        self.rules: dict[str, list[list[tuple[str, bool]]]] = {}
        for rule in lark.rules:
            symbols = [(symbol.name, symbol.is_term) for symbol in rule.expansion]
            if ("ERROR", True) not in symbols:
                self.rules.setdefault(rule.origin.name, []).append(symbols)

    def derive(self, name: str, fuel: int, inside: str = "") -> list[str]:
        """`inside` is the word of the block around: the layout closes a block before what cannot stand in it."""
        options = self.rules[name]
        if name == "item" and inside:
            refused = {"FLOW", "TYPE", "POLICY", "WORKFLOW", "TEST", "TASK" if inside == "TASK" else ""}
            options = [symbols for symbols in options if symbols[0][0] not in refused]
        if fuel <= 0:
            options = [min(options, key=lambda symbols: (sum(not term for _, term in symbols), len(symbols)))]
        words: list[str] = []
        chosen = self.dice.choice(options)
        inside = chosen[0][0] if name == "item" else inside
        for symbol, is_terminal in chosen:
            if name == "pair" and symbol == "STRING":
                words.append('"key"')
            elif is_terminal:
                words.append(self.lexeme(symbol))
            else:
                words += self.derive(symbol, fuel - self.dice.randint(1, 4), inside)
        return words

    def lexeme(self, kind: str) -> str:
        return self.dice.choice(LEXEMES.get(kind, (_TEXTS.get(kind, kind.lower()),)))


@pytest.mark.parametrize("seed", range(60))
def test_what_the_grammar_derives_is_parsed_and_formatted(seed: int) -> None:
    derivation = _Derivation(seed)
    text = " ".join(word for _ in range(8) for word in [*derivation.derive("item", 40), "\n"])
    before, report = parsed(text)
    assert [d for d in report.diagnostics if d.code != "FLOW105"] == [], text
    formatted, _ = format_source(Source("test.flow", text))
    if formatted is not None:
        assert parsed(formatted)[0] == before
        assert format_source(Source("test.flow", formatted))[0] == formatted
