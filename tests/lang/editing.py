"""Random edits of good programs: whatever is kept from one version to the next, a check says what a check from scratch says.

A campaign: PYTHONPATH=tests python -m lang.editing --cases 500 --seed 7 (each case is one file and a hundred versions of it).
"""

import argparse
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flow_lang.checks.registry import all_words
from flow_lang.compile import Compiled, Session, check_source
from flow_lang.diagnostics import Report, Span, in_file
from flow_lang.source import Lines, Source
from flow_lang.syntax import tree
from flow_lang.syntax.build import parse_file
from lang.compiling import Memory
from lang.derivation import Derivation, Grammar
from lang.programs import FILES, SOURCES
from lang.sound import Writer

ROOT = Path(__file__).parents[2]
VERSIONS = 100
_WORD = re.compile(r"\w+")
_PARTS = (
    *'{}[]()";#,=.:~',
    *('"""', "'''", "~{", "##", "# a", "\n", "\n\n", "  ", "\r\n", ";", "->", "1", "5m", "é", "𝄞", "\ufeff", "\0"),
    *(
        " task x { ",
        "\ntask y {\n",
        "}\n",
        "\n}\n",
        "workflow v {\n",
        'shell "echo ~{day}"',
        "retry = 3\n",
        "timeout = 1s",
    ),
    *(
        "in a: int = 1\n",
        "out b: str\n",
        "after [",
        "finally {\n",
        "on failure {\n",
        "defaults { retry = 2 }\n",
        "import ",
    ),
    *("}\n", "{\n", "pool p {\n", "workflow v {\n", "wait z {\n", "task q {\n", "## d\n"),
    *(
        'test "a" {\n',
        "type A { b: int }\n",
        "policy p = retry(3)\n",
        "pool q { slots = 1 }\n",
        "for",
        "when",
        "return t",
    ),
    *(
        "optional = true\n",
        'secret s = env("S")\n',
        "limits { cpu = 1s }\n",
        'undo { shell "true" }\n',
        "wait",
        "call x = ",
    ),
)


_SWAPPED = (
    ("int", "str"),
    ("str", "int"),
    ("float", "int"),
    ("date", "str"),
    ("n: int = 1", "n: int? = 1"),
    ("retry(3)", "retry(1)"),
    ("slots = 4", "slots = 0"),
    ("slots = 4", "slots = 9"),
    ("timeout = 6h", "timeout = 1s"),
    ("type ", "policy "),
    ("  task", "  defaults { retry = flaky }\n  task"),
    ("env", "file"),
)
"""What a declaration says, and what it may say instead."""


class Program(NamedTuple):
    """A file and those that it imports."""

    name: str
    text: str
    files: dict[str, str]


def programs() -> list[Program]:
    examples = sorted((ROOT / "examples").rglob("*.flow"))
    golden = sorted((ROOT / "tests" / "golden").glob("FLOW[345]*.flow"))
    read = [Program(path.name, path.read_text("utf-8"), _around(path.parent)) for path in (*examples, *golden)]
    return [*(Program(name, text, FILES) for name, text in SOURCES.items()), *read]


def _around(folder: Path) -> dict[str, str]:
    paths = sorted([*folder.rglob("*.py"), *folder.rglob("*.flow")])
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8", "replace") for path in paths}


class Editor:
    """Types into a program. `dice` makes all choices."""

    def __init__(self, program: Program, dice: random.Random, others: list[str]) -> None:
        self.good, self.dice, self.others = program, dice, others
        self.text, self.files = program.text, dict(program.files)
        self.earlier: list[str] = []

    def step(self) -> None:
        self.earlier = [*self.earlier[-9:], self.text]
        chance = self.dice.random()
        if chance < 0.12:
            self.text, self.files = self.good.text, dict(self.good.files)
        elif chance < 0.14:
            self.text = self.dice.choice(self.others)
        elif chance < 0.24:
            self.text = self.dice.choice(self.earlier)
        elif chance < 0.32 and self.files:
            path = self.dice.choice(sorted(self.files))
            self.files[path] = self._edited(self.files[path])
        else:
            for _ in range(self.dice.choice((1, 1, 1, 1, 2, 3))):
                self.text = self._edited(self.text)

    def _edited(self, text: str) -> str:
        edits = (
            self._insert,
            self._insert,
            self._typed,
            self._cut,
            self._cut,
            self._name,
            self._name,
            self._line,
            self._move,
            self._swap,
            self._between_lines,
        )
        return self.dice.choice(edits)(text)

    def _place(self, text: str) -> int:
        return self.dice.randint(0, len(text))

    def _insert(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + self.dice.choice(_PARTS) + text[at:]

    def _typed(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + self.dice.choice("abtx_1 ") + text[at:]

    def _cut(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + text[at + self.dice.choice((1, 1, 1, 2, 5, 20, 80)) :]

    def _name(self, text: str) -> str:
        """One name, or a part of it, for another of the file."""
        words = list(_WORD.finditer(text))
        if not words:
            return text
        place, other = self.dice.choice(words), self.dice.choice(words)
        return text[: place.start()] + other[0] + text[place.end() :]

    def _line(self, text: str) -> str:
        lines = text.split("\n")
        at = self.dice.randrange(len(lines))
        if self.dice.random() < 0.5:
            lines.insert(self.dice.randrange(len(lines)), lines[at])
        else:
            del lines[at]
        return "\n".join(lines)

    def _swap(self, text: str) -> str:
        """Something of a declaration for something else."""
        old, new = self.dice.choice(_SWAPPED)
        places = [place.start() for place in re.finditer(re.escape(old), text)]
        if not places:
            return text
        at = self.dice.choice(places)
        return text[:at] + new + text[at + len(old) :]

    def _between_lines(self, text: str) -> str:
        """What opens or closes something, where an item may begin."""
        lines = text.splitlines(keepends=True)
        lines.insert(self.dice.randint(0, len(lines)), self.dice.choice(_PARTS))
        return "".join(lines)

    def _move(self, text: str) -> str:
        first, last = sorted((self._place(text), self._place(text)))
        part, rest = text[first:last], text[:first] + text[last:]
        at = self.dice.randint(0, len(rest))
        return rest[:at] + part + rest[at:]


def case(seed: str, versions: int = VERSIONS) -> Iterator[str]:
    """What is wrong with one file and its versions; at most one complaint."""
    dice = random.Random(seed)
    known = programs()
    made = [
        Program("made", Writer(dice).program(), FILES),
        Program("derived", Derivation(Grammar(), dice).program(), FILES),
    ]
    program = dice.choice([*known, *made])
    editor = Editor(program, dice, [one.text for one in known])
    session = Session()
    for version in range(versions):
        source, loader = Source("test.flow", editor.text), Memory(editor.files)
        checked, fresh = session.check(source, loader), check_source(source, loader)
        found, file = checked.compiled, checked.files[-1]
        if told(found) != told(fresh):
            yield f"seed {seed}, version {version} of {program.name}\n{editor.text}\n{_differ(found, fresh)}"
            return
        if not file.broken and placed(file.tree, file.lines) != _tree(source):
            yield f"seed {seed}, version {version} of {program.name}\n{editor.text}\nthe tree is another one"
            return
        editor.step()


def told(found: Compiled) -> tuple[object, ...]:
    """What a check says, with every place; a plan is no part of it."""
    return found.diagnostics, found.sources, found.workflows


def placed(node: Any, lines: Lines) -> Any:
    """A tree with the offsets that its nodes have in the file, each node with the name of its type."""
    if isinstance(node, Span):
        return in_file(node, lines)
    if not isinstance(node, tuple):
        return node
    parts = [placed(part, lines) for part in node]
    if isinstance(node, tree.Text):
        parts[node._fields.index("content")] = lines.in_file(node.content)
    return type(node).__name__, *parts


def _tree(source: Source) -> Any:
    return placed(parse_file(source, Report(source.path), all_words()), Lines(source.text))


def _differ(found: Compiled, fresh: Compiled) -> str:
    only = [one for one in found.diagnostics if one not in fresh.diagnostics]
    lost = [one for one in fresh.diagnostics if one not in found.diagnostics]
    return f"only after edits: {only}\nonly from scratch: {lost}"


def campaign(cases: int, seed: int) -> int:
    wrong = 0
    for at in range(cases):
        for complaint in case(f"{seed}/{at}"):
            wrong += 1
            print(complaint)
    print(f"seed {seed}: {cases} files with {VERSIONS} versions each, {wrong} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=200)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = options.parse_args()
    sys.exit(campaign(given.cases, given.seed))
