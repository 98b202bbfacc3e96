"""The folder that bodies of one process share is empty for each, however short they are."""

import os
import time
from pathlib import Path

import pytest
from flow_runtime.executors import folders
from flow_runtime.executors.folders import HomeFolder
from support.command import Project
from support.privileges import without_override


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


def test_folders_that_nobody_may_write_to_go_too(tmp_path: Path) -> None:
    """Go's module cache is closed like that. The next body found it in its folder, and it stayed for ever."""
    project = Project(tmp_path / "p")
    project.before = without_override()
    closed = "mkdir -p mod/cache; echo x >mod/cache/f; chmod -R a-w mod"
    project.write(
        "w.flow",
        f"""flow 1
workflow w {{
  task a {{ shell "{closed}" }}
  task b -> str {{ after [a]; shell "ls -A" }}
  task c {{ after [b]; python '''
    import subprocess
    subprocess.run(["bash", "-c", "{closed}; chmod 0 ."], check=True)
  ''' }}
  task d -> int {{ after [c]; python "import os; return len(os.listdir())" }}
  return [b, "~{{d}}"]
}}
""",
    )
    done = project.flow("run", "--slots", "1", "--json", "w.flow")
    assert done.document["result"] == ["", "0"]
    assert list((project.home / "scratch").iterdir()) == []


def test_what_cannot_be_removed_is_moved_out_of_the_way(home: HomeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container has written it as root, say."""
    home.enter()
    Path("of_root").mkdir()
    monkeypatch.setattr(folders, "remove_folder", lambda folder: False)
    Path(home.path).chmod(0o500)
    monkeypatch.setattr(HomeFolder, "_empty", lambda self: os.rmdir("/proc"))  # raises OSError, as for what is not ours
    home.clear()
    home.enter()
    assert list(Path().iterdir()) == []
    (aside,) = Path(home.path).parent.glob("home.*")
    assert [path.name for path in aside.iterdir()] == ["of_root"]


def test_a_file_system_that_rounds_times_is_not_relied_upon(home: HomeFolder) -> None:
    """Within one second all changes have one time there."""
    second = (time.time_ns() // 10**9 - 5) * 10**9
    home.enter()
    home.clear()
    os.utime(home.path, ns=(second, second))
    home.clear()
    home.enter()
    Path("left").touch()
    os.utime(home.path, ns=(second, second))
    home.clear()
    assert list(Path(home.path).iterdir()) == []
