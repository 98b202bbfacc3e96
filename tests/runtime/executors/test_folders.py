"""The folder that bodies of one process share is empty for each, however short they are."""

from pathlib import Path

import pytest
from flow_runtime.executors.folders import HomeFolder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HomeFolder:
    monkeypatch.chdir(tmp_path)
    return HomeFolder(str(tmp_path / "home"))


def test_what_a_body_leaves_is_gone_for_the_next(home: HomeFolder) -> None:
    """One after another without a rest, so that many begin in the tick of the clock in which the one before ended."""
    for round_ in range(2000):
        home.enter()
        assert list(Path().iterdir()) == []
        if round_ % 3:
            Path("left").write_text("x", encoding="utf-8")
        if round_ % 7 == 0:
            Path("folder").mkdir()
            Path("folder/inside").touch()
        home.clear()


def test_a_body_may_remove_its_folder(home: HomeFolder) -> None:
    home.enter()
    Path(home.path).rmdir()
    home.clear()
    home.enter()
    assert Path.cwd() == Path(home.path)


def test_what_a_process_before_has_left_is_gone(home: HomeFolder) -> None:
    Path(home.path, "folder").mkdir(parents=True)
    Path(home.path, "folder/file").touch()
    home.enter()
    assert list(Path().iterdir()) == []


def test_a_link_in_its_place_is_not_followed(home: HomeFolder, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").touch()
    home.enter()
    Path(home.path).rmdir()
    Path(home.path).symlink_to(tmp_path / "precious")
    home.clear()
    home.enter()
    assert list(Path().iterdir()) == []
    assert (tmp_path / "precious/file").exists()
    Path("inner").symlink_to(tmp_path / "precious")
    home.clear()
    assert (tmp_path / "precious/file").exists()
