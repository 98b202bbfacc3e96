"""Examples with one token changed that still compile: tokens of Flow, those inside `~{}`, those of Python bodies, and letters of shell bodies."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flow_lang import plan
from flow_lang.compile import compile_source
from flow_lang.source import Source
from flow_lang.syntax.lexer import end_of_interpolation, scan

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
_TEXTS = ("STRING", "TRIPLE", "RAW")
_PYTHON_TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|[frb]*\"[^\"\n]*\"|[frb]*'[^'\n]*'|[-+*/<>=!]=|[^\s\w]")
_WORDS = {
    "flow": ("task", "for", "in", "when", "true", "not", "x", "0", "12", "3s", '""', "[]", "?", "-", ".", ";", "\n"),
    "python": ("x", "None", "True", "not", "0", "1", '""', "[]", "-", ".", ",", "(", ")", "len", "str", "\n"),
}
_KINDS = ("delete", "double", "swap", "replace", "insert", "shorten", "other", "other", "other", "other")
_REMOVES = re.compile(r"\b(?:rm|mv)\b")


class Place(NamedTuple):
    """A token that may be changed: `kind` says which others are like it, `area` is `flow`, `python` or `shell`."""

    kind: str
    area: str
    start: int
    end: int


class Plan(NamedTuple):
    """What says how a file runs: without lines, docs, the schedule and the sources of its files."""

    entry: str
    workflows: dict[str, plan.Workflow]

    @property
    def workflow(self) -> plan.Workflow:
        return self.workflows[self.entry]


class Example(NamedTuple):
    """A file that is mutated, `path` from the folder of the examples, and the file that is run, which may import it."""

    path: str
    runs: str
    text: str
    places: tuple[Place, ...]
    plan: Plan
    warnings: frozenset[str]


class Mutant(NamedTuple):
    seed: str
    example: Example
    text: str
    place: Place
    what: str


def example(path: str, runs: str) -> Example:
    text = (EXAMPLES / path).read_text("utf-8")
    plan, warnings = _compiled(path, runs, text)
    assert plan is not None, f"{path} does not compile"
    return Example(path, runs, text, tuple(_places(text)), plan, frozenset(warnings))


def mutant(seed: str, examples: list[Example]) -> Mutant:
    """Any mutant, whether it compiles or not."""
    dice = random.Random(seed)
    chosen = dice.choice(examples)
    place, kind = dice.choice(chosen.places), dice.choice(_KINDS)
    kind = "shorten" if place.area == "shell" else kind
    text = _changed(chosen, place, kind, dice)
    line = chosen.text.count("\n", 0, place.start) + 1
    old = chosen.text[place.start : place.end][:40]
    return Mutant(seed, chosen, text, place, f"{kind} {old!r} in {chosen.path}:{line}")


def removes(made: Mutant) -> bool:
    """Whether a letter of a shell body is changed that removes or moves files: nobody knows which it then would."""
    return made.place.area == "shell" and bool(_REMOVES.search(made.example.text[made.place.start : made.place.end]))


def compiled(made: Mutant) -> tuple[Plan | None, list[str]]:
    """What the file that is run compiles to, None where it has an error; and the codes of warnings that the example does not have."""
    plan, warnings = _compiled(made.example.path, made.example.runs, made.text)
    return plan, [code for code in warnings if code not in made.example.warnings]


def _compiled(path: str, runs: str, text: str) -> tuple[Plan | None, list[str]]:
    changed = {(EXAMPLES / path).resolve(): text}
    loader = _Folder((EXAMPLES / runs).parent, changed)
    entry = changed.get((EXAMPLES / runs).resolve()) or (EXAMPLES / runs).read_text("utf-8")
    found = compile_source(Source(Path(runs).name, entry), loader)
    warnings = [diagnostic.code for diagnostic in found.diagnostics if not diagnostic.is_error]
    if found.plan is None:
        return None, warnings
    return Plan(found.plan.entry, {key: _without_lines(one) for key, one in found.plan.workflows.items()}), warnings


def _without_lines(workflow: plan.Workflow) -> plan.Workflow:
    tasks = tuple(task._replace(line=0, doc="", body=task.body._replace(line=0)) for task in workflow.tasks)
    params = tuple(param._replace(doc="") for param in workflow.params)
    return workflow._replace(line=0, doc="", tasks=tasks, params=params, schedule=None)


class _Folder:
    def __init__(self, folder: Path, changed: dict[Path, str]) -> None:
        self.folder, self.changed = folder, changed

    def read(self, path: str) -> str:
        full = (self.folder / path).resolve()
        return self.changed[full] if full in self.changed else full.read_text("utf-8")


def _places(text: str) -> Iterator[Place]:
    """Of the words of a `test` there are none, since a run has no tests; so each is mutated in test_mutations.py alone."""
    before = ""
    end = _without_tests(text)
    for token in scan(text, 0, end):
        if token.kind in ("COMMENT", "NL"):
            continue
        if token.kind in _TEXTS and before == "python":
            yield from _python(text, token.start, token.end)
        elif token.kind in _TEXTS:
            yield Place(token.kind, "shell" if before == "shell" else "flow", token.start, token.end)
            yield from _interpolations(text, token.start, token.end)
        else:
            yield Place(token.kind, "flow", token.start, token.end)
        before = token.text


def _without_tests(text: str) -> int:
    """Where the first `test` begins; they are the last items of each example."""
    found = re.search(r"^test \"", text, re.MULTILINE)
    return found.start() if found else len(text)


def _python(text: str, start: int, end: int) -> Iterator[Place]:
    quotes = 3 if text[start : start + 3] in ('"""', "'''") else 1
    for match in _PYTHON_TOKEN.finditer(text, start + quotes, end - quotes):
        word = match[0]
        kind = (
            "NAME"
            if word.isidentifier()
            else "NUMBER"
            if word[0].isdigit()
            else "TEXT"
            if word[-1] in "\"'"
            else "MARK"
        )
        yield Place(kind, "python", *match.span())


def _interpolations(text: str, start: int, end: int) -> Iterator[Place]:
    at = text.find("~{", start, end)
    while at >= 0:
        last = end_of_interpolation(text, at + 2, end)
        if text[at - 1] != "~" and last >= 0:
            for token in scan(text, at + 2, last):
                yield Place(token.kind, "flow", token.start, token.end)
        at = text.find("~{", max(last, at + 2), end)


def _changed(example: Example, place: Place, kind: str, dice: random.Random) -> str:
    text = example.text
    old, before, after = text[place.start : place.end], text[: place.start], text[place.end :]
    if kind == "shorten":
        cut = dice.randrange(len(old))
        return before + old[:cut] + old[cut + 1 :] + after
    alike = [
        one for one in example.places if one.area == place.area and one.kind == place.kind and one.start != place.start
    ]
    if kind == "other":
        chosen = dice.choice(alike or [place])
        return before + text[chosen.start : chosen.end] + after
    later = [one for one in example.places if one.area == place.area and one.start >= place.end]
    if kind == "swap":
        if not later:
            return text
        other = later[0]
        return before + text[other.start : other.end] + text[place.end : other.start] + old + text[other.end :]
    word = dice.choice(_WORDS.get(place.area, ("x",)))
    made = {"delete": "", "double": f"{old} {old}", "replace": word, "insert": f"{word} {old}"}
    return before + made[kind] + after
