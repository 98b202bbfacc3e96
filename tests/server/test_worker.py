"""`flow worker`: takes over what nobody works on, drains, and stops."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine import states
from flow_engine.ids import new_id
from flow_engine.model import NewRun, RunRecord
from flow_runtime.plans import load_plan
from support.command import Project
from support.waiting import until

ONE = 'flow 1\nworkflow one { task a { shell "sleep 0.01" } }\n'
TWO = 'flow 1\nworkflow two { task a { shell "sleep 1" }; task b { after [a]; shell "sleep 60" } }\n'


def submit(project: Project, source: str, cancelled: bool = False) -> str:
    """A run that nobody owns."""
    loaded = load_plan(str(project.write("given.flow", source)), None, None)
    assert loaded.plan is not None
    now = time.time()
    new = NewRun(new_id(now, os.urandom), loaded.plan_hash, loaded.plan, loaded.bundle, {}, loaded.folder, now)
    project.home.mkdir(exist_ok=True)
    with closing(project.store()) as store:
        store.submit(new)
        if cancelled:
            store.request_cancel(new.id, now)
    return new.id


def record(project: Project, run: str) -> RunRecord:
    with closing(project.store()) as store:
        return store.run(run)


def tasks(project: Project, run: str) -> list[tuple[str, int]]:
    with closing(project.store()) as store:
        return [(row.state, row.attempt) for row in store.tasks(run)]


def ended(project: Project, run: str) -> bool:
    return record(project, run).finished_at is not None


def test_it_works_on_many_runs_a_few_at_once(tmp_path: Path) -> None:
    project = Project(tmp_path)
    runs = [submit(project, ONE) for _ in range(10)]
    with project.running("worker", "--runs", "3"):
        until(lambda: all(ended(project, run) for run in runs))
    assert {record(project, run).state for run in runs} == {states.SUCCEEDED}


WAITS = 'flow 1\nworkflow waits { wait go -> bool { approval = "go?" } }\n'
TRIES = 'flow 1\nworkflow tries { task a { shell "exit 1"; retry = retry(3, backoff = constant(1h)) } }\n'
HELD = 'flow 1\nworkflow held { pool p { slots = 1 }; task a { shell "sleep 60"; pool = p } }\n'


@pytest.mark.parametrize("source", [WAITS, TRIES, HELD])
def test_runs_that_wait_keep_no_other_from_running(tmp_path: Path, source: str) -> None:
    """A worker that had as many runs as it takes in hand did nothing until somebody approved one of them."""
    project = Project(tmp_path)
    for _ in range(5):
        submit(project, source)
    last = submit(project, ONE)
    with project.running("worker", "--runs", "2", "--slots", "2"):
        until(lambda: ended(project, last), what="the end of a run behind five that wait")
    assert record(project, last).state == states.SUCCEEDED


def test_on_one_machine_labels_are_not_looked_at_and_a_worker_that_is_given_some_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path)
    run = submit(project, 'flow 1\nworkflow one { task a { shell "sleep 0.01"; labels = ["gpu"] } }\n')
    with project.running("worker", "--label", "ssd") as process:
        until(lambda: ended(project, run))
        assert process.stderr is not None
        assert "labels count where the state is in PostgreSQL" in process.stderr.readline()
    assert record(project, run).state == states.SUCCEEDED
    refused = project.flow("worker", "--label", " ")
    assert refused.code != 0
    assert "a label has 1 to 200 characters" in refused.err


def test_sigterm_drains(tmp_path: Path) -> None:
    project = Project(tmp_path)
    run = submit(project, TWO)
    with project.running("worker") as process:
        until(lambda: any("sleep 1" in line for line in project.commands()), what="the first body")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert tasks(project, run) == [(states.SUCCEEDED, 1), (states.READY, 0)]
    assert record(project, run).owner is None
    assert project.processes() == []


def test_a_second_sigterm_stops_at_once(tmp_path: Path) -> None:
    project = Project(tmp_path)
    run = submit(project, TWO.replace("sleep 1", "sleep 61"))
    with project.running("worker") as process:
        until(lambda: any("sleep 61" in line for line in project.commands()), what="the first body")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)  # two signals that are pending together count once
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert project.processes() == []
    assert not ended(project, run)


def test_a_run_cancelled_before_it_was_taken_over_starts_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    run = submit(project, TWO, cancelled=True)
    with project.running("worker"):
        until(lambda: ended(project, run))
    assert tasks(project, run) == [(states.CANCELLED, 0)] * 2


def test_it_takes_over_from_a_killed_command(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("slow.flow", 'flow 1\nworkflow slow { task a { shell "sleep 0.5" } }\n')
    with project.running("worker"):
        command = project.start("run", "slow.flow")
        until(lambda: any("sleep 0.5" in line for line in project.commands()), what="the body")
        command.kill()
        command.communicate()
        (run,) = project.runs()
        until(lambda: ended(project, run))
    assert record(project, run).state == states.SUCCEEDED


def test_it_goes_on_after_the_state_failed_it(tmp_path: Path) -> None:
    """A table that is away for a while stands for any error of the store."""
    project = Project(tmp_path)
    submit(project, ONE)
    with project.running("worker") as process:
        until(lambda: ended(project, project.runs()[0]))
        with closing(project.store()) as store:
            store._connection.execute("ALTER TABLE attempt RENAME TO attempt_away")
            run = submit(project, ONE)
            until(lambda: record(project, run).state == states.RUNNING, what="the run's start")
            time.sleep(0.3)
            assert process.poll() is None
            store._connection.execute("ALTER TABLE attempt_away RENAME TO attempt")
        until(lambda: ended(project, run))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert record(project, run).state == states.SUCCEEDED
    assert project.processes() == []


DAMAGED = """flow 1
workflow damaged {{
  task a -> list[int] {{ shell "echo [1]" }}
  wait go -> bool {{ approval = "go?"; after [a] }}
  task b when go{condition} {{ shell "echo ~{{words(a)}}" }}
}}
"""


@pytest.mark.parametrize(
    ("condition", "what"), [(" and count(a) > 0", "could not be begun"), ("", "what the body reads could not be made")]
)
def test_a_run_that_cannot_be_read_keeps_no_other_from_running(tmp_path: Path, condition: str, what: str) -> None:
    """What was raised for the one task ended the worker, and with it the work on all runs; in a slot, the body was said to have ended it."""
    project = Project(tmp_path)
    run = submit(project, DAMAGED.format(condition=condition))
    with project.running("worker"):
        until(lambda: len(tasks(project, run)) == 3 and tasks(project, run)[1][0] == states.WAITING, what="the wait")
    with closing(project.store()) as store:
        store._connection.execute("UPDATE task SET result = '[1' WHERE result = '[1]'")
    with project.running("worker") as process:
        until(lambda: record(project, run).owner is not None, what="the run's new owner")
        other = submit(project, TWO.replace("sleep 60", "true"))
        assert project.flow("approve", run, "go").code == 0
        until(lambda: ended(project, run) and ended(project, other))
        assert process.poll() is None
    assert (record(project, run).state, record(project, other).state) == (states.FAILED, states.SUCCEEDED)
    with closing(project.store()) as store:
        (error,) = [row.error for row in store.tasks(run) if row.error]
    assert '"internal"' in error
    assert what in error


DAMAGES = {
    "a type": "UPDATE task SET attempt = 'x' WHERE run = {no} AND seq = 1",
    "a state": "UPDATE task SET state = 'nonsense' WHERE run = {no} AND seq = 1",
    "a time": "UPDATE task SET ready_at = 'x' WHERE run = {no} AND seq = 0",
    "what it waits for": "UPDATE task SET awaits = '[]' WHERE run = {no} AND seq = 0",
    "what kind of thing it waits for": "UPDATE task SET awaits = '[1]' WHERE run = {no} AND seq = 0",
    "a row that is gone": "DELETE FROM task WHERE run = {no} AND seq = 1",
    "a node": "UPDATE task SET node = 99 WHERE run = {no} AND seq = 1",
    "the run's time": "UPDATE run SET created_at = 'x' WHERE no = {no}",
    "the run's workflow": "UPDATE run SET workflow = 'nope' WHERE no = {no}",
    "its parent": "UPDATE run SET parent_run = id WHERE no = {no}",
}
HELD_UP = 'flow 1\nworkflow held { wait go -> bool { approval = "go?" }; task b { after [go]; shell "true" } }\n'
SLOW = """flow 1
workflow slow { task a { shell \"\"\"echo x >> "$FLOW_FOLDER/begun"; sleep 1.5\"\"\" } }
"""


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_told_once_and_disturbs_no_other_run(tmp_path: Path, damage: str) -> None:
    """Each new start of the worker met it again, and killed the bodies of the other runs each time."""
    project = Project(tmp_path)
    run = submit(project, HELD_UP)
    with project.running("worker"):
        until(lambda: tasks(project, run)[0][0] == states.WAITING, what="the wait")
    with closing(project.store()) as store:
        before = store.run(run).owner
        store._connection.execute(DAMAGES[damage].format(no=store._no(run)))
    with project.running("worker") as process:
        other = submit(project, SLOW)
        until(lambda: ended(project, other), what="the other run")
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert (record(project, other).state, (tmp_path / "begun").read_text()) == (states.SUCCEEDED, "x\n")
    assert "Traceback" not in err
    (said,) = [line for line in err.splitlines() if "flow worker" in line]
    assert f"run {run} cannot be taken over" in said
    assert "backup" in said
    with closing(project.store()) as store:
        assert store._rows("SELECT owner FROM run WHERE id = ?", (run,)) == [(before,)]


POISONED = """
import sys
from flow_engine.decisions.books import Books
from flow_runtime.daemon import Daemon
from flow_runtime.state_folder import StateFolder

claim = Books._claim

def stumbling(self, hint, desk):
    if hint.task.run == sys.argv[2]:
        raise KeyError("what nobody foresaw")
    return claim(self, hint, desk)

Books._claim = stumbling
Daemon(StateFolder(sys.argv[1]), 2).serve()
"""


def test_a_run_at_which_the_worker_stumbles_is_left_alone(tmp_path: Path) -> None:
    """The worker starts anew once; then the others go on."""
    project = Project(tmp_path)
    run, others = submit(project, ONE), [submit(project, SLOW) for _ in range(2)]
    command = [sys.executable, "-c", POISONED, str(project.home), run]
    process = subprocess.Popen(command, env=project.environment(), stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: all(ended(project, other) for other in others), what="the other runs")
        process.terminate()
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert [record(project, other).state for other in others] == [states.SUCCEEDED] * 2
    assert not ended(project, run)
    (said,) = [line for line in err.splitlines() if line.startswith("flow worker")]
    assert f"run {run} is left alone for 60 s, and starting anew: KeyError: 'what nobody foresaw'" in said
    assert "at stumbling in" in said
    assert "Traceback" not in err


def test_a_child_run_that_cannot_be_read_holds_up_no_run_but_its_parent(tmp_path: Path) -> None:
    """Many are taken over at once: the last of those was left alone in place of the parent, and one more with each new start."""
    project = Project(tmp_path)
    parent, *others = [submit(project, ONE) for _ in range(5)]
    child = submit(project, ONE)
    with closing(sqlite3.connect(project.home / "flow.db")) as connection:
        connection.execute("UPDATE run SET parent_run = ?, parent_seq = 0, params = '{' WHERE id = ?", (parent, child))
        connection.commit()
    with project.running("worker"):
        until(lambda: all(ended(project, run) for run in others), what="the end of the others")
    assert not ended(project, parent)
