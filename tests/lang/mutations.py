"""Good files with one token changed. A campaign, longer than the test: PYTHONPATH=tests python -m lang.mutations FIRST COUNT"""

import random
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flow_lang.compile import compile_source
from flow_lang.diagnostics import Diagnostic, to_dict
from flow_lang.render import render
from flow_lang.source import Loader, Source
from flow_lang.syntax.lexer import Token, scan

ROOT = Path(__file__).parents[2]
_WORDS = ("task", "workflow", "shell", "for", "in", "when", "return", "true", "x", "12", "3s")
_MARKS = (
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    "=",
    ":",
    ".",
    ";",
    '"',
    "'",
    "'''",
    '"""',
    "~",
    "$",
    "->",
    "?",
    "==",
    "#",
    "\n",
)
_KINDS = ("delete", "double", "swap", "replace", "insert", "shorten")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> str:
        return (self.folder / path).read_text("utf-8")


class Program(NamedTuple):
    name: str
    text: str
    loader: Loader

    def errors(self, text: str) -> list[Diagnostic]:
        return [found for found in compile_source(Source("test.flow", text), self.loader).diagnostics if found.is_error]


class Mutation(NamedTuple):
    program: Program
    text: str
    what: str


PROGRAMS = [
    Program(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"), _Folder(path.parent))
    for path in sorted([*ROOT.glob("examples/**/*.flow"), *ROOT.glob("tests/lang/programs/*.flow")])
]


def mutation(seed: int) -> Mutation:
    return mutated(random.Random(seed))


def mutated(dice: random.Random) -> Mutation:
    program = dice.choice(PROGRAMS)
    tokens = [token for token in scan(program.text) if token.kind != "COMMENT"]
    at = dice.randrange(len(tokens) - 1)
    kind = dice.choice(_KINDS)
    text = _changed(program.text, tokens[at], tokens[at + 1], kind, dice)
    line = program.text.count("\n", 0, tokens[at].start) + 1
    return Mutation(program, text, f"{kind} {tokens[at].text[:40]!r} in {program.name}:{line}")


def _changed(text: str, token: Token, following: Token, kind: str, dice: random.Random) -> str:
    before, after = text[: token.start], text[token.end :]
    if kind == "swap":
        return before + following.text + text[token.end : following.start] + token.text + text[following.end :]
    if kind == "shorten":
        cut = dice.randrange(len(token.text))
        return before + token.text[:cut] + token.text[cut + 1 :] + after
    other = dice.choice(_WORDS + _MARKS)
    made = {"delete": "", "double": f"{token.text} {token.text}", "replace": other, "insert": f"{other} {token.text}"}
    return before + made[kind] + after


def complaints(made: Mutation) -> Iterator[str]:
    """What is wrong with the answer to a mutation. Errors that the good file has too (what is not built yet) are not counted."""
    found = compile_source(Source("test.flow", made.text), made.program.loader)
    errors = [diagnostic for diagnostic in found.diagnostics if diagnostic.is_error]
    counted = [error for error in errors if (error.code, error.message) not in _known(made.program)]
    shown = f"{made.what}\n{render(found.diagnostics, found.sources)}"
    if (found.plan is None) != bool(errors):
        yield f"there is a plan and an error, or neither: {shown}"
    if len(counted) > 2:
        yield f"more than two errors for one mistake: {shown}"
    for error in errors:
        start, end = error.primary.span
        if not (error.code.startswith("FLOW") and error.hint and 0 <= start < end <= len(made.text) + 1):
            yield f"{error.code} lacks a hint or a place: {shown}"
        elif to_dict(error, found.sources)["line"] < 1:
            yield f"{error.code} is on no line: {shown}"


@cache
def _known(program: Program) -> set[tuple[str, str]]:
    return {(error.code, error.message) for error in program.errors(program.text)}


def campaign(first: int, count: int) -> int:
    wrong = 0
    for seed in range(first, first + count):
        for complaint in complaints(mutation(seed)):
            wrong += 1
            print(f"seed {seed}: {complaint}")
    print(f"{wrong} complaints about the seeds {first} to {first + count - 1}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(campaign(int(sys.argv[1]), int(sys.argv[2])))
