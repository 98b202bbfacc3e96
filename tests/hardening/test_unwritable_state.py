"""A state that cannot be written: each way is told with its folder and the remedy, by every command that needs it, and harms nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import Ended, Project
from support.disks import project_on, small_disk
from support.privileges import without_override

HELLO = 'flow 1\nworkflow w { task t { shell "true" } }\n'
WRITES = 'flow 1\nworkflow w { task t { shell "echo written" }; task f -> file { shell "echo x > made; echo made" } }\n'
COMMANDS = [("run", "--resume", "0"), ("retry", "0"), ("pool", "set", "p", "3")]


def is_clear(ended: Ended, folder: Path) -> None:
    message = ended.document["error"]["message"] if ended.out.startswith("{") else ended.err
    assert str(folder) in message, ended
    assert "FLOW_HOME" in message or "writable" in message, ended
    assert "Traceback" not in ended.err, ended.err


@contextmanager
def mode_of(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode & 0o7777
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


def every_file(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_state_on_a_file_system_that_was_made_read_only(tmp_path: Path, project: Project) -> None:
    with small_disk(tmp_path / "small", "8m") as disk:
        project = project_on(disk, project)
        project.write("t.flow", HELLO)
        done = project.flow("run", "t.flow", "--json")
        run = done.document["run"]
        disk.read_only()
        before = every_file(disk.inside(project.home))
        for arguments in (("run", "t.flow"), ("pool", "set", "p", "3")):
            ended = project.flow(*arguments, *(["--json"] if arguments[0] == "run" else []))
            assert ended.code == 3, (arguments, ended)
            is_clear(ended, project.home)
        # the log is there, since `flow run` leaves it, and to look needs no writing then
        assert project.flow("run", "--resume", run, "--json").document["state"] == "succeeded"
        assert [found["run"] for found in project.flow("list", "--json").document["runs"]] == [run]
        assert every_file(disk.inside(project.home)) == before
        disk.read_only(False)
        assert project.flow("run", "t.flow").code == 0


def test_a_new_state_on_a_read_only_file_system(tmp_path: Path, project: Project) -> None:
    with small_disk(tmp_path / "small", "8m") as disk:
        project = project_on(disk, project)
        project.write("t.flow", HELLO)
        disk.read_only()
        ended = project.flow("run", "t.flow", "--json")
        assert ended.code == 3
        is_clear(ended, project.home)


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join(arguments))
def test_a_file_where_the_folder_should_be(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("t.flow", HELLO)
    project.home.write_text("mine")
    ended = project.flow(*arguments)
    assert ended.code in (2, 3), ended  # 2 where a look finds that there is no run
    assert "Traceback" not in ended.err
    if ended.code == 3:
        is_clear(ended, project.home)
    assert project.home.read_text() == "mine"


def test_a_file_where_the_folder_should_be_is_exit_3_for_a_run(project: Project) -> None:
    project.write("t.flow", HELLO)
    project.home.write_text("mine")
    ended = project.flow("run", "t.flow", "--json")
    assert ended.code == 3
    is_clear(ended, project.home)


def test_a_state_folder_without_permission(project: Project) -> None:
    project.write("t.flow", HELLO)
    project.before = without_override()
    project.home.mkdir()
    for mode in (0o500, 0o000):
        with mode_of(project.home, mode):
            ended = project.flow("run", "t.flow", "--json")
        assert ended.code == 3, (oct(mode), ended)
        is_clear(ended, project.home)
    assert list(project.home.iterdir()) == []


def test_a_parent_folder_without_permission(project: Project) -> None:
    project.write("t.flow", HELLO)
    project.before = without_override()
    parent = project.folder / "closed"
    parent.mkdir()
    project.home = parent / "state"
    with mode_of(parent, 0o500):
        ended = project.flow("run", "t.flow", "--json")
    assert ended.code == 3
    is_clear(ended, project.home)


def test_a_state_folder_in_which_nothing_new_may_be_made(project: Project) -> None:
    """All that a run writes is inside of what is there."""
    project.write("t.flow", HELLO)
    assert project.flow("run", "t.flow").code == 0
    project.before = without_override()
    with mode_of(project.home, 0o500):
        assert project.flow("run", "t.flow").code == 0


CLOSED = [(part, mode) for part in ("flow.db", "engines", "flow.db-wal") for mode in (0o400, 0o000)]


@pytest.mark.parametrize(("part", "mode"), [*CLOSED, (".", 0o000)])
def test_a_part_of_the_state_that_may_not_be_written(project: Project, part: str, mode: int) -> None:
    project.write("t.flow", HELLO)
    assert project.flow("run", "t.flow").code == 0
    project.before = without_override()
    target = project.home / part
    target.touch(exist_ok=True)
    mode |= 0o100 if target.is_dir() and mode else 0
    with mode_of(target, mode):
        ended = project.flow("run", "t.flow", "--json")
    assert ended.code == 3, ended
    is_clear(ended, project.home)
    for file in project.home.glob("flow.db*"):
        file.chmod(0o600)  # SQLite gives what stands beside the database its mode
    assert project.flow("run", "t.flow").code == 0


@pytest.mark.parametrize("part", ["logs", "files", "scratch"])
def test_a_folder_that_bodies_need_fails_the_task_with_the_folder(project: Project, part: str) -> None:
    project.write("t.flow", WRITES)
    assert project.flow("run", "t.flow").code == 0
    project.before = without_override()
    project.write("t.flow", WRITES.replace("echo x", "echo $FLOW_RUN"))
    with mode_of(project.home / part, 0o500):
        ended = project.flow("run", "t.flow", "--json")
    assert ended.code in (1, 3), ended
    assert "Traceback" not in ended.err
    told = ended.out + ended.err
    assert str(project.home / part) in told, ended
    assert "Permission denied" in told, ended
    again = project.flow("retry", "--json")
    assert again.code == 0, again


def test_doctor_says_what_to_do(project: Project) -> None:
    project.write("t.flow", HELLO)
    project.before = without_override()
    project.home.mkdir()
    with mode_of(project.home, 0o500):
        ended = project.flow("doctor", "--json")
    (state,) = [check for check in ended.document["checks"] if check["name"] == "state"]
    assert not state["ok"]
    assert str(project.home) in state["found"]
    assert state["fix"]


def test_whoever_runs_the_gate_modes_hold_here(tmp_path: Path) -> None:
    """The tests above would show nothing if root passed over the modes."""
    import subprocess

    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    done = subprocess.run([*without_override(), "touch", str(closed / "file")], capture_output=True, check=False)
    assert done.returncode != 0
    assert not os.path.exists(closed / "file")
