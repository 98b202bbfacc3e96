"""The grammar: it has no conflict, and the tables are those of the grammar."""

import json
from pathlib import Path

import flow_lang.syntax.grammar
import pytest
from flow_lang.syntax.grammar.generate import build
from flow_lang.syntax.grammar.tables import digest
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
