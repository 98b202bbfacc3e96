"""What workers leave in the state folder goes once nobody needs it."""

import fcntl
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime import leftovers
from flow_runtime.executors.folders import slot_folder
from flow_runtime.incarnation import Incarnation, alive, bury, cursor_path
from flow_runtime.state_folder import StateFolder
from support.command import Project
from support.waiting import until

SLOW = """flow 1
workflow w {
  task quick { python '''pass''' }
  task slow { after [quick]; shell "echo started; touch $FLOW_FOLDER/begun; sleep 60" }
}
"""
QUICK = """flow 1
workflow q { task a { python '''pass''' }; task b { shell "true" } }
"""


def left(project: Project) -> list[str]:
    return sorted(path.name for folder in ("engines", "scratch") for path in (project.home / folder).iterdir())


def test_a_run_leaves_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write("q.flow", QUICK)
    assert project.flow("run", "q.flow").code == 0
    assert left(project) == []


def test_what_a_killed_worker_left_goes_when_its_run_has_been_taken_over(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write("w.flow", SLOW)
    project.write("q.flow", QUICK)
    process = project.start("run", "w.flow")
    until((project.folder / "begun").exists, what="the slow body")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    kept = left(project)
    assert [name for name in kept if name.endswith(".lock")]
    assert project.flow("run", "q.flow").code == 0
    cursors = [name for name in kept if name.endswith(".slots")]
    assert cursors == [name for name in left(project) if name.endswith(".slots")], "the run may still be taken over"
    (run,) = [
        record for record in project.runs() if project.flow("status", record, "--json").document["state"] == "running"
    ]
    assert project.flow("cancel", run).code == 0
    assert project.flow("run", "--resume", run).code == 1
    assert left(project) == []


def test_a_living_worker_is_not_buried(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    child = os.fork()
    if child == 0:
        Incarnation(state)
        time.sleep(60)
        os._exit(0)
    try:
        end = time.monotonic() + 30
        names: list[str] = []
        while not names or not alive(state, names[0]):
            names = [name.removesuffix(".lock") for name in os.listdir(state.engines)]
            assert time.monotonic() < end
        assert not bury(state, names[0])
        assert alive(state, names[0])
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert bury(state, names[0])
    assert os.listdir(state.engines) == []


def test_a_lock_that_was_removed_before_it_was_taken_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making the file and locking it a worker looks like a dead one."""
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    real, removed = fcntl.lockf, []

    def late(descriptor: int, command: int) -> None:
        if not removed:
            removed.append(descriptor)
            for name in os.listdir(state.engines):
                os.unlink(os.path.join(state.engines, name))
        real(descriptor, command)

    monkeypatch.setattr(fcntl, "lockf", late)
    made = Incarnation(state)
    assert removed
    assert os.listdir(state.engines) == [f"{made.id}.lock"]
    made.end(cursor_path(state, made.id))
    assert os.listdir(state.engines) == []


def test_the_slots_of_a_worker_that_was_born_during_a_sweep_keep_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock file was there and not yet locked when the dead were counted; its slots began before their folders were looked at."""
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    made = Incarnation(state)
    folder = Path(slot_folder(state.scratch, made.id, 0))
    folder.mkdir(parents=True)
    monkeypatch.setattr(leftovers, "bury", lambda *_: True)
    monkeypatch.setattr(leftovers, "alive", lambda _, name: name == made.id)
    with closing(SqliteStore(state.database)) as store:
        leftovers.sweep(state, store, "")
        assert folder.exists()
        monkeypatch.setattr(leftovers, "alive", lambda *_: False)
        leftovers.sweep(state, store, "")
        assert not folder.exists()
    made.end(cursor_path(state, made.id))


def killed_worker(state: StateFolder) -> str:
    """The incarnation of a process that died without tidying up."""
    pid = os.fork()
    if pid == 0:
        made = Incarnation(state)
        Path(cursor_path(state, made.id)).touch()
        os._exit(0)
    os.waitpid(pid, 0)
    (lock,) = Path(state.engines).glob("*.lock")
    return lock.stem


def test_a_worker_that_takes_a_run_in_its_last_moment_keeps_its_start_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owners were asked first, then it took the run and died, then it was found dead: its run could no longer be told from a started
    one."""
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    name = killed_worker(state)
    with closing(SqliteStore(state.database)) as store:
        answers = iter([set[str](), {name}, {name}])
        monkeypatch.setattr(store, "owners", lambda: next(answers))
        assert leftovers.sweep(state, store, "") == 0
        assert os.path.exists(cursor_path(state, name))
        monkeypatch.setattr(store, "owners", set)
        assert leftovers.sweep(state, store, "") == 1
        assert os.listdir(state.engines) == []


def test_two_that_ask_about_the_dead_at_once_both_hear_so(tmp_path: Path) -> None:
    """Each took the other for the owner: flow run --resume said that another process worked on the run."""
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    name = killed_worker(state)
    asking = os.fork()
    if asking == 0:
        for _ in range(100_000):
            alive(state, name)
        os._exit(0)
    answers = {alive(state, name) for _ in range(10_000)}
    os.kill(asking, signal.SIGKILL)
    os.waitpid(asking, 0)
    assert answers == {False}


def test_what_a_killed_slot_left_goes_with_its_worker(tmp_path: Path) -> None:
    """Another slot went on with the task, so that nobody took the run over."""
    project = Project(tmp_path / "p")
    project.write("k.flow", 'flow 1\nworkflow k { task t { shell "kill -9 $PPID"; retry = 1 } }\n')
    assert project.flow("run", "k.flow").code == 1
    assert left(project) == []
