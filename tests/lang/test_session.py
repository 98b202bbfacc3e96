"""A file that is checked again as it changes: a slice of the campaign in editing.py, and what is kept.

`FLOW_EDITING_SEED=7 pytest tests/lang/test_session.py` makes other edits.
"""

import os

import pytest
from flow_lang.compile import Session, check_source
from flow_lang.source import Source
from flow_lang.syntax.lexer import scan
from lang.compiling import Memory
from lang.editing import case, programs, told

from lang import editing

SEED = os.environ.get("FLOW_EDITING_SEED", "20261129")
TASKS = "".join(
    f'  task t{at} -> int {{\n    in before: int = {f"t{at - 1}" if at else "0"}\n    shell "echo ~{{before}}"\n  }}\n'
    for at in range(50)
)
TEXT = f"flow 1\nworkflow w -> int {{\n{TASKS}  return t49\n}}\n"


@pytest.mark.parametrize("part", range(12))
@pytest.mark.timeout(300)
def test_after_any_edits_a_check_says_what_one_from_scratch_says(part: int) -> None:
    print(f"seed {SEED}/{part}")
    assert list(case(f"{SEED}/{part}", versions=80)) == []


def test_a_session_that_keeps_what_has_changed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property can fail: here each version is answered with what the first one gave."""
    first: list[object] = []

    def kept(found: object) -> tuple[object, ...]:
        first.append(found)
        return told(first[0] if len(first) % 2 else found)  # type: ignore[arg-type]

    monkeypatch.setattr(editing, "told", kept)
    assert any(list(case(f"{SEED}/{part}", versions=20)) for part in range(3))


def check(session: Session, text: str) -> list[str]:
    source = Source("test.flow", text)
    found = session.check(source, Memory()).compiled
    assert told(found) == told(check_source(source, Memory()))
    return [f"{one.code} {text[one.primary.span.start : one.primary.span.end]}" for one in found.diagnostics]


def read_and_checked(monkeypatch: pytest.MonkeyPatch, session: Session, text: str) -> tuple[int, list[str]]:
    """How many characters are scanned, and which tasks are checked, for a version."""
    from flow_lang.checks.tasks import known
    from flow_lang.syntax import pieces

    scanned: list[int] = []
    tasks: list[str] = []
    check_one = known._check

    def counted(file: str, start: int = 0, end: int | None = None) -> list[object]:
        scanned.append((len(file) if end is None else end) - start)
        return scan(file, start, end)  # type: ignore[return-value]

    with monkeypatch.context() as patch:
        patch.setattr(pieces, "scan", counted)
        patch.setattr(known, "_check", lambda item, *rest: tasks.append(item.name.text) or check_one(item, *rest))
        session.check(Source("test.flow", text), Memory())
    return sum(scanned), tasks


def test_a_keystroke_reads_and_checks_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    assert check(session, TEXT) == []
    edited = TEXT.replace("echo ~{before}", "echo  ~{before}", 20).replace("echo  ~{before}", "echo ~{before}", 19)
    scanned, tasks = read_and_checked(monkeypatch, session, edited)
    assert scanned < 120
    assert tasks == ["t19", "t20"]  # and the one that uses it, which may point to where it is declared


def test_a_changed_type_is_seen_by_who_uses_it() -> None:
    session = Session()
    check(session, TEXT)
    assert check(session, TEXT.replace("task t7 -> int", "task t7 -> str")) == ["FLOW301 t7"]
    assert check(session, TEXT) == []


def test_what_is_said_moves_with_the_text() -> None:
    session = Session()
    wrong = TEXT.replace("= t30", "= t99")
    assert check(session, wrong) == ["FLOW201 t99"]
    assert check(session, wrong.replace("task t3 ", "# a line more\n  task t3 ")) == ["FLOW201 t99"]
    assert check(session, wrong.replace('    shell "echo ~{before}"\n', "", 1)) == ["FLOW313 t0", "FLOW201 t99"]


def test_a_name_that_was_not_there_may_come() -> None:
    """A body in Python takes what it finds, so that a new task changes what the body needs."""
    session = Session()
    text = "flow 1\nworkflow w {\n  task a {\n    python '''\n      print(len(sorted))\n    '''\n  }\n}\n"
    check(session, text)
    check(session, text.replace("  task a", '  secret sorted = env("S")\n  task a'))
    check(session, text.replace("  task a", '  task sorted { after [a]; shell "true" }\n  task a'))


def test_an_imported_file_that_changes_is_read_again() -> None:
    session = Session()
    text = 'flow 1\nimport "lib.flow" as lib\nworkflow w { call x = lib.f(n = 1) }\n'
    for type_, codes in (("int", []), ("str", ["FLOW301"]), ("int", [])):
        files = Memory({"lib.flow": f'flow 1\nworkflow f(n: {type_}) {{ task t {{ shell "echo ~{{n}}" }} }}\n'})
        found = session.check(Source("test.flow", text), files).compiled
        assert [one.code for one in found.diagnostics] == codes


def test_the_text_of_old_versions_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flow_lang.syntax.pieces._MOST_TEXT", 8_000)
    session = Session()
    pieces = session.memory.of("").pieces
    for at in range(200):
        check(session, TEXT.replace("echo", f"echo {at}", 1))
        assert len(pieces.text) < 8_000 + 2 * len(TEXT)
    assert pieces.era >= 1


def test_every_program_of_the_tests_is_checked_alike() -> None:
    for program in programs():
        source, files = Source("test.flow", program.text), Memory(program.files)
        assert told(Session().check(source, files).compiled) == told(check_source(source, files)), program.name
