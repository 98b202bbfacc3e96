"""A file that is checked again as it changes: a slice of the campaign in editing.py, and what is kept.

`FLOW_EDITING_SEED=7 pytest tests/lang/test_session.py` makes other edits.
"""

import os

import pytest
from flow_lang.compile import Session, check_source
from flow_lang.editor.outline import outline
from flow_lang.source import Source
from flow_lang.syntax import tree
from flow_lang.syntax.lexer import Token, scan
from flow_lang.syntax.parser import Parser
from lang.compiling import Memory
from lang.editing import case, programs, told
from lang.programs import SOURCES

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
    assert tasks == ["t19"]


def parsed(monkeypatch: pytest.MonkeyPatch, session: Session, text: str) -> list[str]:
    """The text of each part that is parsed for a version."""
    found: list[str] = []
    advance = Parser.advance

    def counted(parser: Parser, tokens: list[Token], at: int, end: int) -> int:
        found.append(" ".join(token.text for token in tokens[at:end]))
        return advance(parser, tokens, at, end)

    with monkeypatch.context() as patch:
        patch.setattr(Parser, "advance", counted)
        check(session, text)
    return [part for part in found if "task t" in part or len(part) > 400]


WRONG = {
    "a brace that closes the workflow": ("  task t20", 0, "}"),
    "a brace that closes a task": ("    in before: int = t20", 0, "}"),
    "a brace that opens nothing": ("  task t20", 0, "{"),
    "a brace after a value": ("in before: int = t20", 20, " {"),
    "a block that is never closed": ("  task t20", 0, "pool p {\n"),
    "tasks in a block that is never closed": ("  task t20", 0, "finally {\n"),
    "a long text that never ends": ("    in before: int = t20", 0, '"""'),
    "a raw text that never ends": ("    in before: int = t20", 0, "'''"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_moves_all_that_follows_to_another_block_does_not_read_it_again(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A keystroke took as long as a check from scratch: after it, and when it was taken back."""
    place, within, typed = WRONG[what]
    at = TEXT.index(place) + within
    session = Session()
    check(session, TEXT)
    assert len(parsed(monkeypatch, session, TEXT[:at] + typed + TEXT[at:])) <= 3, what
    assert len(parsed(monkeypatch, session, TEXT)) <= 2, what
    with monkeypatch.context() as patch:
        assert read_and_checked(patch, session, TEXT) == (0, [])


def test_what_is_written_above_an_item_is_known_after_a_mistake() -> None:
    """The text of a `##` was lost where a heading was wrong for a while."""
    session = Session()
    text = TEXT.replace("  task t7 ", "  ## Seven.\n  task t7 ")
    for version in (text, text.replace("-> int {\n  task t0", "-> {\n  task t0"), text):
        check(session, version)
    found = session.check(Source("test.flow", text), Memory()).files[-1].tree
    assert [item.doc for item in found.items[1].items if isinstance(item, tree.TaskItem) and item.doc] == ["Seven."]


def test_blocks_in_blocks_are_as_deep_as_they_are_read() -> None:
    """What was read in the file stands 62 blocks deep with the next version, where its brackets are too many."""
    session = Session()
    item = '  task x { in a: int = ((((1)))); shell "echo ~{a}" }\n'
    check(session, f"flow 1\n{item}")
    check(session, "flow 1\n" + "{\n" * 62 + item)
    check(session, "flow 1\n" + "{\n" * 70 + item)
    check(session, f"flow 1\nworkflow w {{\n{item}}}\n")


def test_a_workflow_without_its_end_ends_where_the_next_one_begins() -> None:
    """Its end was before its start in the file where what followed had been read earlier, which an editor does not take."""
    session = Session()
    two = "flow 1\n" + "".join(f'workflow {name} {{\n  task t {{ shell "true" }}\n}}\n' for name in "ab")
    for text in (two, two.replace("flow 1", "# two\nflow 1"), two.replace("}\n}\n", "}\n", 1)):
        source = Source("test.flow", text)
        fresh, found = (one.check(source, Memory()).files[-1] for one in (Session(), session))
        assert outline(found) == outline(fresh)
        assert [entry.name for entry in outline(found)] == ["a", "b"]


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


DECLARED = SOURCES["declared.flow"]
EDITS = {
    "the text above": ("flow 1\n", "flow 1\n# what it does\n", []),
    "the edition": ("flow 1\n", "flow 11\n", []),
    "a field of a type": ("total: float }", "total: float, note: str? }", ["orders", "sums"]),
    "a field that somebody uses": ("total: float", "sum: float", ["orders", "sums"]),
    "the place of a type": ("type Other", "\n\ntype Other", []),
    "a policy": ("retry(3)", "retry(4)", ["other"]),
    "a policy that takes too long": ("slow = retry(2)", "slow = retry(9, backoff = fixed(1h))", ["count"]),
    "a new type": ("type Other", "type New { a: int }\ntype Other", []),
    "a default": ("n: int = 1", "n: int = 7", []),
    "a name of a parameter": ("m: int = 2", "k: int = 2", ["sums"]),
    "a type of a parameter": ("day: date", "day: str", ["orders"]),
    "a setting of the workflow": ("6h", "7h", []),
    "the slots of a pool": ("slots = 4", "slots = 5", ["sums"]),
    "too few slots": ("slots = 4", "slots = 2", ["sums"]),
    "a pool that is gone": ("  pool api { slots = 4 }\n", "", ["sums"]),
    "a wrong pool": ("slots = 4", "slots = 0", ["sums"]),
    "what a secret is": ('env("TOKEN")', 'env("KEY")', []),
    "a secret that is a parameter": ('  secret token = env("TOKEN")\n', "", ["done"]),
    "defaults": ("  secret", "  defaults { timeout = 1h }\n  secret", ["orders", "other", "sums", "count", "done"]),
    "what is returned": ("return count", "return count + 1", []),
    "what comes at the end": ("rm -rf x", "rm -rf y", []),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_declaration_that_changes_is_seen_by_who_uses_it_and_asks_nobody_else(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A new version of any type, policy, pool, parameter or setting had all tasks checked again."""
    old, new, checked = EDITS[what]
    assert DECLARED.count(old) == 1
    session = Session()
    check(session, DECLARED)
    edited = DECLARED.replace(old, new)
    _, tasks = read_and_checked(monkeypatch, session, edited)
    assert sorted(tasks) == sorted(checked)
    for version in (edited, DECLARED, edited):
        check(session, version)


def test_a_wrong_pool_that_goes_is_missed() -> None:
    session = Session()
    wrong = DECLARED.replace("slots = 4", "slots = 0")
    assert check(session, wrong) == ["FLOW310 0"]
    assert check(session, wrong.replace("  pool api { slots = 0 }\n", "")) == ["FLOW201 api"]


def test_a_type_that_comes_with_the_name_of_a_value_is_seen() -> None:
    session = Session()
    text = DECLARED.replace("type Other", "type n { a: int }\ntype Other")
    check(session, DECLARED)
    check(session, text)
    check(session, DECLARED)


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
