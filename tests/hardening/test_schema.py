"""Upgrades of the schema: from each earlier version, cut at any statement, beside workers of the version before; and no way back."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flow_engine.errors import OtherVersion
from flow_engine.stores.queries import migrations
from flow_engine.stores.sqlite import SqliteStore
from flow_engine.stores.sqlite import connection as opening
from flow_runtime.incarnation import alive
from flow_runtime.state_folder import StateFolder
from support.command import Project
from support.older_states import as_version, newer_flow, versions
from support.schedules import EVERY_MINUTE
from support.waiting import until
from support.world import World

WORK = """flow 1
workflow w(gate: str) -> int {
  task first for n in range(5) -> int { shell "echo ~{n}" }
  task middle -> int { shell "until [ -e ~{gate} ]; do sleep 0.05; done; echo ~{sum(first)}" }
  task last -> int { python '''return middle + 1''' }
  return last
}
workflow broken(gate: str) -> int {
  task ok -> int { shell "echo 1" }
  task bad -> int { after [ok]; shell "test -e ~{gate}; echo 2" }
  return ok + bad
}
"""
EXTRA = "CREATE TABLE extra (a TEXT);\nALTER TABLE run ADD COLUMN extra TEXT;\n"


def state_with_runs(project: Project) -> dict[str, str]:
    """One run that has succeeded, one that has failed, and one that a kill -9 has left in the middle."""
    project.write("w.flow", WORK)
    gate = str(project.folder / "gate")
    found = {}
    Path(gate).touch()
    found["succeeded"] = project.flow("run", "w.flow:w", "--json", "-p", f"gate={gate}").document["run"]
    Path(gate).unlink()
    found["failed"] = project.flow("run", "w.flow:broken", "--json", "-p", f"gate={gate}").document["run"]
    with project.start("run", "w.flow:w", "-p", f"gate={gate}") as running:
        until(lambda: any("sleep" in line for line in project.processes()), what="the middle")
        found["unfinished"] = project.runs()[0]
        until(lambda: _running(project, found["unfinished"]) > 0, what="a durable start")
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    Path(gate).touch()
    return found


def _running(project: Project, run: str) -> int:
    with closing(project.store()) as store:
        return sum(row.state == "running" for row in store.tasks(run))


def dump(path: Path) -> list[tuple[Any, ...]]:
    """Every row of every table, and the schema."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        for table in [name for name, sql in rows if sql and sql.startswith("CREATE TABLE")]:
            rows += connection.execute(f"SELECT * FROM {table}").fetchall()
        return [*rows, ("version", connection.execute("PRAGMA user_version").fetchone()[0])]


@pytest.mark.parametrize("version", versions())
def test_a_state_of_an_earlier_version_is_upgraded_and_gone_on_with(project: Project, version: int) -> None:
    runs = state_with_runs(project)
    as_version(project.home / "flow.db", version)
    listed = {found["run"]: found["state"] for found in project.flow("list", "--json").document["runs"]}
    assert listed == {runs["succeeded"]: "succeeded", runs["failed"]: "failed", runs["unfinished"]: "running"}
    with closing(sqlite3.connect(project.home / "flow.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(migrations())
    resumed = project.flow("run", "--resume", runs["unfinished"], "--json")
    assert (resumed.code, resumed.document["result"]) == (0, 11), resumed
    attempts = {task["key"]: task["attempt"] for task in resumed.document["tasks"]}
    assert attempts["middle"] == 2
    assert all(attempts[f"first[{n}]"] == 1 for n in range(5)), "what was durable ran again"
    retried = project.flow("retry", runs["failed"], "--json")
    assert (retried.code, retried.document["result"]) == (0, 3), retried
    assert project.flow("run", "w.flow:w", "-p", f"gate={project.folder / 'gate'}").code == 0
    assert project.flow("logs", runs["succeeded"]).code == 0


def test_what_was_deployed_before_versions_were_kept_is_the_first_of_them(project: Project) -> None:
    project.write("tick.flow", EVERY_MINUTE)
    project.flow("deploy", "tick.flow:tick")
    as_version(project.home / "flow.db", 8)
    shown = project.flow("workflow", "show", "tick", "--json").document
    assert (shown["version"], shown["schedule"]["cron"]) == (1, "* * * * *")
    assert project.flow("deploy", "tick.flow:tick").err.startswith("deployed tick, version 1: ")


def _kill_after(path: Path, statements: int) -> bool:
    """Opens the state in a process that is killed by -9 after so many statements of migrations; False where it came to its end."""
    pid = os.fork()
    if pid == 0:
        left = statements
        every = opening._statements

        def counted(script: str) -> Any:
            nonlocal left
            for statement in every(script):
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                yield statement

        opening._statements = counted  # type: ignore[assignment]
        try:
            opening.connect(str(path), lambda incarnation: False).close()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("version", [0, *versions()])
def test_a_kill_at_any_statement_of_an_upgrade_leaves_the_version_before(tmp_path: Path, version: int) -> None:
    path = tmp_path / "flow.db"
    if version:
        with closing(SqliteStore(str(path))) as store:
            World(store).submit(_plan())
        as_version(path, version)
        before = dump(path)
    killed, steps = True, 0
    while killed:
        killed = _kill_after(path, steps)
        steps += 1
        if killed and version:
            assert dump(path) == before, f"after {steps} statements"
        assert steps < 200
    assert steps > sum(len(opening._statements(script)) for script in migrations()[version:])
    with closing(SqliteStore(str(path))) as store:
        assert len(store.tasks("run-1")) == 1 if version else True
        World(store).submit(_plan(), "run-2")
    assert ("version", len(migrations())) in dump(path)


def _plan() -> Any:
    from support.plans import plan, task

    return plan(task("a"))


@pytest.mark.parametrize("arguments", [("run", "h.flow"), ("list",), ("status",), ("worker",), ("retry",), ("logs",)])
def test_an_older_flow_refuses_a_newer_state(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("h.flow", 'flow 1\nworkflow h { task t { shell "true" } }\n')
    assert project.flow("run", "h.flow").code == 0
    with closing(sqlite3.connect(project.home / "flow.db")) as connection:
        connection.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    before = dump(project.home / "flow.db")
    ended = project.flow(*arguments)
    assert ended.code == 3, ended
    assert "use the newer Flow" in ended.err
    assert str(project.home / "flow.db") in ended.err
    assert "Traceback" not in ended.err
    assert dump(project.home / "flow.db") == before


def test_a_newer_flow_does_not_upgrade_beneath_a_run_that_an_older_one_works_on(project: Project) -> None:
    project.write("w.flow", WORK)
    gate = project.folder / "gate"
    state = StateFolder(str(project.home))
    with project.start("run", "w.flow:w", "--json", "-p", f"gate={gate}") as running:
        until(lambda: any("sleep" in line for line in project.processes()), what="the middle")
        before = project.runs()[0]
        with newer_flow(EXTRA), pytest.raises(OtherVersion, match=f"works on run {before}"):
            SqliteStore(state.database, lambda name: alive(state, name))
        gate.touch()
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 0, out
    with newer_flow(EXTRA), closing(SqliteStore(state.database, lambda name: alive(state, name))) as store:
        assert store.run(before).state == "succeeded"
    refused = project.flow("run", "w.flow:w", "-p", f"gate={gate}")
    assert refused.code == 3
    assert "use the newer Flow" in refused.err


def test_a_dead_owner_does_not_hold_an_upgrade_up(project: Project) -> None:
    runs = state_with_runs(project)
    state = StateFolder(str(project.home))
    with newer_flow(EXTRA), closing(SqliteStore(state.database, lambda name: alive(state, name))) as store:
        assert store.run(runs["unfinished"]).owner is not None
        assert store._connection.execute("PRAGMA user_version").fetchone()[0] == len(migrations()) + 1


def test_who_had_the_state_open_takes_nothing_in_hand_after_an_upgrade(tmp_path: Path) -> None:
    path = str(tmp_path / "flow.db")
    with closing(SqliteStore(path)) as older:
        world = World(older)
        world.submit(_plan())
        with newer_flow(EXTRA), closing(SqliteStore(path)) as newer:
            newer.run("run-1")
        with pytest.raises(OtherVersion, match="start the newer Flow"):
            older.adopt("w1", "run-1", 1000.0)
        with pytest.raises(OtherVersion, match="start the newer Flow"):
            world.submit(_plan(), "run-2")
        assert older.run("run-1").state == "queued"


def test_two_that_upgrade_at_once_do_it_once(tmp_path: Path) -> None:
    path = tmp_path / "flow.db"
    with closing(SqliteStore(str(path))) as store:
        World(store).submit(_plan())
    as_version(path, 1)
    pids = []
    for _ in range(6):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                opening.connect(str(path)).close()
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 6
    assert ("version", len(migrations())) in dump(path)
