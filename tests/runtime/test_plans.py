"""When a kept plan is used, and when a file is compiled afresh."""

import os
from pathlib import Path

import flow_lang.syntax.lexer
import pytest
from flow_runtime.plans import load_plan
from flow_runtime.state_folder import StateFolder

SOURCE = 'flow 1\nfrom python "lib.py" import f\nworkflow w -> int {\n  task t -> int { call f() }\n  return t\n}\n'


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    (tmp_path / "w.flow").write_text(SOURCE)
    (tmp_path / "lib.py").write_text("def f() -> int:\n    return 1\n")
    return StateFolder(str(tmp_path / "state"))


def kept(state: StateFolder) -> list[Path]:
    return sorted(Path(state.plans).iterdir())


def load(state: StateFolder) -> str:
    return load_plan(str(Path(state.root).parent / "w.flow"), None, state).plan_hash


def test_an_unchanged_file_gives_the_kept_plan(state: StateFolder) -> None:
    first = load(state)
    (path,) = kept(state)
    before = path.stat().st_mtime_ns
    assert load(state) == first
    assert path.stat().st_mtime_ns == before


def test_a_changed_import_is_compiled_again(state: StateFolder) -> None:
    first = load(state)
    (Path(state.root).parent / "lib.py").write_text("def f() -> int:\n    return 2\n")
    assert load(state) != first


def test_a_changed_compiler_is_asked_again(state: StateFolder) -> None:
    load(state)
    lexer = Path(flow_lang.syntax.lexer.__file__)
    before = lexer.stat()
    try:
        os.utime(lexer, ns=(before.st_atime_ns, before.st_mtime_ns + 10**12))
        load(state)
        assert len(kept(state)) == 2
    finally:
        os.utime(lexer, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"entry": 1}', '{"entry": null, "files": {}, "bundle": "", "hash": ""}']
)
def test_a_damaged_kept_plan_is_compiled_again(state: StateFolder, content: str) -> None:
    first = load(state)
    (path,) = kept(state)
    path.write_text(content)
    assert load(state) == first


def test_a_file_with_errors_keeps_nothing(state: StateFolder) -> None:
    (Path(state.root).parent / "w.flow").write_text(SOURCE.replace("return t", "return u"))
    loaded = load_plan(str(Path(state.root).parent / "w.flow"), None, state)
    assert loaded.plan is None
    assert loaded.diagnostics
    assert not Path(state.plans).exists()
