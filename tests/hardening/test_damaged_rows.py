"""A row of one run in which something else has written: told in one line that names the run and the remedy, by every command and route."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app
from starlette.testclient import TestClient
from support.command import Project
from support.waiting import until

WAITS = """flow 1
workflow w -> int {
  task a -> int { shell "echo 1" }
  wait go -> bool { approval = "go?"; after [a] }
  task b -> int { after [go]; shell "echo ~{a}" }
  return b
}
"""
DAMAGES = {
    "a result": "UPDATE task SET result = '[1' WHERE seq = 0",
    "an attempt": "UPDATE task SET attempt = 'x' WHERE seq = 1",
    "a time": "UPDATE task SET started_at = 'x' WHERE seq = 1",
    "what it waits for": "UPDATE task SET awaits = '[]' WHERE seq = 1",
    "what kind of thing it waits for": "UPDATE task SET awaits = '[1]' WHERE seq = 1",
    "an error": "UPDATE task SET error = '{' WHERE seq = 0",
    "the run's error": "UPDATE run SET error = '{'",
    "a node": "UPDATE task SET node = 99 WHERE seq = 2",
    "the run's time": "UPDATE run SET created_at = 'x'",
    "the run's params": "UPDATE run SET params = '{'",
    "the run's workflow": "UPDATE run SET workflow = 'nope'",
}
COMMANDS = [
    ("status",),
    ("status", "--json"),
    ("logs",),
    ("graph",),
    ("approve", "go"),
    ("run", "--resume"),
    ("retry",),
]


@pytest.fixture(scope="module")
def waiting_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Its worker was killed while the run waited."""
    project = Project(tmp_path_factory.mktemp("damaged") / "my project")
    project.write("w.flow", WAITS)
    with project.start("run", "w.flow") as running:
        until(lambda: project.runs() != [] and _waits(project), what="the wait")
        running.kill()
        running.communicate()
    return project


@pytest.fixture
def waiting(waiting_once: Project, tmp_path: Path) -> Project:
    """The same with a copy of the state that may be damaged."""
    project = Project(waiting_once.folder)
    project.home = tmp_path / "state"
    shutil.copytree(waiting_once.home, project.home)
    return project


def _waits(project: Project) -> bool:
    with closing(project.store()) as store:
        return any(row.state == "waiting" for row in store.tasks(project.runs()[0]))


def damage(project: Project, what: str) -> str:
    """The id of the run."""
    (run,) = project.runs()
    with closing(sqlite3.connect(project.home / "flow.db")) as connection:
        connection.execute(DAMAGES[what])
        connection.commit()
    return run


@pytest.mark.parametrize("what", DAMAGES)
def test_no_command_gives_a_traceback(waiting: Project, what: str) -> None:
    run = damage(waiting, what)
    for name, *rest in [*COMMANDS, ("list",), ("why", "b")]:
        ended = waiting.flow(name, *([] if name == "list" else [run]), *rest)
        assert ended.code in (0, 1, 2, 3), (name, ended)
        assert "Traceback" not in ended.out + ended.err, (name, ended)
        if ended.code in (1, 3) and "internal" in ended.out + ended.err:
            assert run in ended.out + ended.err, (name, ended)
        if "cannot be read" in ended.err:
            assert "backup" in ended.err, (name, ended)


@pytest.mark.parametrize(
    ("what", "told"), [("an attempt", "`attempt` is a str"), ("what kind of thing it waits for", "`awaits` is '[1]', ")]
)
def test_a_run_that_cannot_be_read_is_not_resumed(waiting: Project, what: str, told: str) -> None:
    """With a wait for nothing that there is it waited for ever."""
    run = damage(waiting, what)
    ended = waiting.flow("run", "--resume", run)
    assert ended.code == 3
    assert f"run {run} cannot be read (ValueError: {told}" in ended.err
    assert "backup" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("what", DAMAGES)
def test_the_server_names_the_run(waiting: Project, what: str) -> None:
    run = damage(waiting, what)
    app = create_app(StateFolder(str(waiting.home)), "t" * 32)
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {'t' * 32}"}) as client:
        failed = [answer for path in _paths(run) if (answer := client.get(path)).status_code >= 500]
        documents: list[Any] = [json.loads(answer.text) for answer in failed]
    for document in documents:
        assert run in document["detail"] or "the plan" in document["detail"]
        assert "backup" in document["detail"]


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_run_keeps_no_list_from_being_shown(waiting: Project, what: str) -> None:
    run = damage(waiting, what)
    app = create_app(StateFolder(str(waiting.home)), "t" * 32)
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {'t' * 32}"}) as client:
        sound = client.post("/api/v1/runs", json={"source": WAITS}).json()["run"]
        answer = client.get("/api/v1/runs")
        client.post("/login", data={"token": "t" * 32})
        pages = [
            client.get(path, headers={"Authorization": ""}) for path in ("/", "/workers", "/workflows", "/dead-letters")
        ]
    assert answer.status_code == 200
    listed, damaged = [one["run"] for one in answer.json()["runs"]], answer.json()["damaged"]
    assert sound in listed
    assert (run in listed) != any(run in text or "the plan" in text for text in damaged)
    assert [page.status_code for page in pages] == [200] * 4
    assert sound in pages[0].text


def _paths(run: str) -> list[str]:
    here = f"/api/v1/runs/{run}"
    return [here, f"{here}/tasks", f"{here}/result", f"{here}/graph.svg", f"{here}/tasks/a/logs"]


def test_a_result_that_cannot_be_read_is_told_with_the_place(waiting: Project) -> None:
    run = damage(waiting, "a result")
    ended = waiting.flow("status", run, "--json")
    assert ended.code == 1
    error = ended.document["error"]
    assert error["code"] == "internal"
    assert error["message"].startswith(f"run {run}: JSONDecodeError: ")
    assert "the state is damaged, or this is a defect of Flow" in error["message"]


def test_the_traceback_is_told_where_it_is_asked_for(waiting: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run = damage(waiting, "a result")
    monkeypatch.setenv("FLOW_TRACEBACK", "1")
    ended = waiting.flow("status", run, "--json")
    assert ended.document["error"]["code"] == "internal"
    assert ended.err.startswith("Traceback (most recent call last):")
    assert "JSONDecodeError" in ended.err
    monkeypatch.setenv("FLOW_TRACEBACK", "0")
    assert waiting.flow("status", run, "--json").err == ""


@pytest.mark.parametrize("what", ["the run's time", "the run's params", "the run's workflow"])
def test_a_damaged_run_does_not_hide_the_others_from_the_list(waiting: Project, what: str) -> None:
    damaged = damage(waiting, what)
    waiting.write("h.flow", 'flow 1\nworkflow h { task t { shell "true" } }\n')
    assert waiting.flow("run", "h.flow").code == 0
    for arguments in ((), ("--json",)):
        ended = waiting.flow("list", *arguments)
        assert "succeeded" in ended.out
        if what != "the run's workflow" or arguments:  # without its plan there is a line of it
            assert ended.code == 3
            assert ended.err.startswith(f"error: run {damaged} cannot be read") or "the plan" in ended.err
            assert "backup" in ended.err
    assert len(ended.document["runs"]) == 1
    assert len(ended.document["unreadable"]) == 1
