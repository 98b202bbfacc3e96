"""What an editor is told: documentation of every word, and the names of programs."""

import pytest
from flow_lang.checks.registry import all_kinds
from flow_lang.checks.settings.kinds import SETTINGS
from flow_lang.compile import Session
from flow_lang.editor import docs
from flow_lang.editor.completion import proposals
from flow_lang.editor.hover import about_word
from flow_lang.editor.names import names_of
from flow_lang.functions import FUNCTIONS
from flow_lang.source import Source
from flow_lang.syntax.words import BLOCK_WORDS
from flow_lang.types import SCALARS
from lang.compiling import Memory
from lang.editing import Program, programs

PROGRAMS = [program for program in programs() if not program.name.startswith("FLOW")]


def test_every_setting_word_and_type_has_a_line() -> None:
    assert set(docs.SETTINGS) == {name for names in SETTINGS.values() for name in names}
    assert set(BLOCK_WORDS) <= set(docs.WORDS)
    assert {*SCALARS, "list", "map", "enum"} == set(docs.TYPES)


def test_every_word_is_explained_where_it_stands() -> None:
    for function in FUNCTIONS.values():
        assert function.signature in about_word(function.name, "(")
    for word, kind in all_kinds().items():
        assert kind.example in about_word(word, ' "')
    assert "attempt" in about_word("timeout", " = 1m")
    assert about_word("nothing_of_it", "") == ""


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_places_of_a_name_have_its_text(program: Program) -> None:
    """And each task, parameter and type of a program is found at its declaration."""
    file = Session().check(Source("test.flow", program.text), Memory(program.files)).files[-1]
    names = names_of(file)
    assert names.mentions
    for mention in names.mentions:
        text = program.text[mention.span.start : mention.span.end]
        if mention.declaration.kind not in ("import", "function"):
            assert text == mention.declaration.name
        if not mention.declaration.path:
            assert mention.declaration.span in names.places(mention.declaration)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_completed_word_is_one_of_the_proposals(program: Program) -> None:
    """Each name of the program, where it is used, is proposed in its place (a task that is used before it is declared, too)."""
    found = Session().check(Source("test.flow", program.text), Memory(program.files))
    names = names_of(found.files[-1])
    workflows = {one.workflow.name: one for one in found.workflows.values() if not one.workflow.file}
    missed = []
    for span, declaration in names.mentions:
        in_text = declaration.kind in ("import", "field", "output") or declaration.path or span == declaration.span
        if in_text or declaration.kind not in ("task", "param", "loop", "input", "type", "pool", "policy"):
            continue
        block = names.around(span.start)
        if block is None or block.kind == "test" or "'''" in program.text[block.span.start : span.start]:
            continue
        labels = {one.name for one in proposals(program.text, span.start, names, workflows)}
        before = program.text[program.text.rfind("\n", 0, span.start) + 1 : span.start]
        python, texts_in_texts = 'python "' in before, '~{"' in before
        if declaration.name not in labels and not (python or texts_in_texts):
            missed.append((declaration.name, before))
    assert missed == []


LIBRARY = """flow 1
type Report { ok: bool }
policy patient = retry(9)
## Counts rows.
workflow check(tables: list[file], least: int = 1) -> Report { task t -> Report { shell "check" }; return t }
workflow other { task t { shell "true" } }
"""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("  call x = lib.", ["check", "other"]),
        ("  call x = lib.ch", ["check", "other"]),
        ("  task x { call lib.", ["check", "other"]),
        ("  task x -> lib.", ["Report"]),
        ("  task x -> list[lib.", ["Report"]),
        ("  task x { in a: lib.", ["Report"]),
        ("  task x { retry = lib.", ["patient"]),
        ("  task x { in a: int = lib.", []),
        ("  call x = lib.check(lib.", []),
        ("  call x = gone.", []),
    ],
)
def test_what_an_imported_file_has_is_proposed_after_its_name(typed: str, expected: list[str]) -> None:
    text = f'flow 1\nimport "lib.flow"\nimport "gone.flow"\nworkflow w {{\n{typed}'
    found = Session().check(Source("test.flow", text), Memory({"lib.flow": LIBRARY}))
    made = proposals(text, len(text), names_of(found.files[-1]), found.workflows)
    assert [one.name for one in made] == expected
    for one in made:
        if one.name == "check":
            assert "workflow check(tables: list[file], least: int) -> Report" in one.doc
            assert "Counts rows." in one.doc
            assert one.detail == "lib.flow"
