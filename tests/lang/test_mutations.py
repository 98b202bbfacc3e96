"""One wrong token in a good file: no crash, at most two errors, each with a code, a place and a hint."""

import random

import pytest
from flow_lang.compile import compile_source
from flow_lang.diagnostics import to_dict
from flow_lang.render import render
from flow_lang.source import Source
from flow_lang.syntax.lexer import Token, scan
from lang.programs import COMPLETE, LOADER, SOURCES

SEEDS = range(200)
_REPLACEMENTS = (
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    "=",
    ":",
    '"',
    "'''",
    '"""',
    "~",
    "task",
    "for",
    "in",
    "x",
    "12",
    "3s",
    "->",
    "?",
    "\n",
    "#",
)


def mutated(seed: int) -> str:
    """A good program with one token deleted, doubled, swapped with the next, or replaced."""
    dice = random.Random(seed)
    text = SOURCES[dice.choice(COMPLETE)]
    tokens = [token for token in scan(text) if token.kind != "COMMENT"]
    at = dice.randrange(len(tokens) - 1)
    token, following = tokens[at], tokens[at + 1]
    kind = dice.choice(("delete", "double", "swap", "replace"))
    if kind == "delete":
        return _spliced(text, token, "")
    if kind == "double":
        return _spliced(text, token, f"{token.text} {token.text}")
    if kind == "swap":
        between = text[token.end : following.start]
        return text[: token.start] + following.text + between + token.text + text[following.end :]
    return _spliced(text, token, dice.choice(_REPLACEMENTS))


def _spliced(text: str, token: Token, by: str) -> str:
    return text[: token.start] + by + text[token.end :]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutation_is_answered(seed: int) -> None:
    text = mutated(seed)
    found = compile_source(Source("test.flow", text), LOADER)
    errors = [diagnostic for diagnostic in found.diagnostics if diagnostic.is_error]
    shown = f"seed {seed}\n{render(found.diagnostics, found.sources)}"
    assert (found.plan is None) == bool(errors), shown
    assert len(errors) <= 2, shown
    for error in errors:
        assert error.code.startswith("FLOW"), shown
        assert error.hint, shown
        assert 0 <= error.primary.span.start < error.primary.span.end <= len(text) + 1, shown
        assert to_dict(error, found.sources)["line"] >= 1, shown
