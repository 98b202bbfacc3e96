"""Every ```flow block of the language reference compiles; a block marked `error CODE` is answered with that code."""

import re
from pathlib import Path

import flow_lang.syntax.grammar
import pytest
from flow_lang.checks.registry import all_words
from flow_lang.functions import FUNCTIONS
from flow_lang.reference import BEGIN, END, section
from lang.compiling import codes

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
BLOCKS = re.findall(r"```flow([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
FLOWS = {mark.strip(): text for mark, text in BLOCKS if mark.endswith(".flow")}
"""Files that other blocks import."""
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("at", range(len(BLOCKS)))
def test_a_block_of_the_reference(at: int) -> None:
    mark, text = BLOCKS[at]
    expected = [mark.split()[-1]] if "error" in mark else []
    assert codes(text, {"tasks.py": PYTHON[0], **FLOWS}) == expected


def test_the_reference_lists_every_function() -> None:
    assert [f.name for f in FUNCTIONS.values() if f"| `{f.signature}` | {f.doc} |" not in PAGE] == []


def test_the_grammar_of_the_reference_is_that_of_the_parser() -> None:
    grammar = (Path(flow_lang.syntax.grammar.__file__).parent / "flow.lark").read_text("utf-8")
    assert "\nitem          = " in PAGE
    assert section(PAGE, grammar) == PAGE, "run: python -m flow_lang.reference docs/language.md"


def test_every_rule_and_word_is_in_the_grammar_of_the_reference() -> None:
    grammar = PAGE.partition(BEGIN)[2].partition(END)[0]
    assert [word for word in all_words().terminals if f'"{word}"' not in grammar] == []
    defined = set(re.findall(r"^(\w+) += ", grammar, re.MULTILINE))
    used = set(re.findall(r"\b[a-z_]+\b", re.sub(r'"[^"]*"', "", grammar.replace("ebnf", ""))))
    marker = {"grammar", "begin", "made", "by", "flow_lang", "syntax", "reference"}
    assert used - marker == defined
