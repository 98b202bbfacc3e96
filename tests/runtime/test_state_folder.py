from pathlib import Path

import pytest
from flow_runtime.state_folder import StateFolder, find_state


def test_flow_home_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOW_HOME", str(tmp_path / "elsewhere"))
    assert find_state(str(tmp_path)).root == str(tmp_path / "elsewhere")


@pytest.mark.parametrize("mark", [".flow", "flow.toml", ".git"])
def test_the_nearest_project_root_holds_the_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mark: str) -> None:
    monkeypatch.delenv("FLOW_HOME", raising=False)
    project = tmp_path / "project"
    (project / "a" / "b").mkdir(parents=True)
    (project / mark).mkdir()
    assert find_state(str(project / "a" / "b")).root == str(project / ".flow")


def test_the_state_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    state.make()
    assert Path(state.root).stat().st_mode & 0o077 == 0
    assert (Path(state.commands) / "flow-out").stat().st_mode & 0o111
    assert (Path(state.root) / ".gitignore").read_text() == "*\n"
