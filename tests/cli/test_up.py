"""`flow up`: real servers from wheels, data that stays, and an end that leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from support.command import Project
from support.postgres import shared_server
from support.server import HELLO, Server
from support.valkey import Valkey
from support.waiting import until


def submitted(server: Server) -> str:
    answer = server.call("POST", "/api/v1/runs", {"source": HELLO}, token=server.token)
    assert answer.status == 201, answer.text
    return str(answer.json["run"])


def is_over(server: Server, run: str) -> bool:
    return bool(server.call("GET", f"/api/v1/runs/{run}", token=server.token).json["finished_at"])


def test_its_data_stays_and_nothing_else_does(tmp_path: Path) -> None:
    project = Project(tmp_path / "a project")
    with Server(project, "--workers", "2", command="up") as first:
        run = submitted(first)
        until(lambda: is_over(first, run), what="the end of the run")
        assert first.end(signal.SIGINT) == 0
    assert project.processes() == []
    with Server(project, command="up") as again:
        document = again.call("GET", f"/api/v1/runs/{run}", token=first.token).json
        assert (document["state"], document["result"]) == ("succeeded", "hello world")
        again.process.kill()
        until(lambda: project.processes() == [], seconds=15, what="the end of all that it had started")
    with Server(project, command="up") as third:  # what was killed is recovered
        assert third.call("GET", f"/api/v1/runs/{run}", token=first.token).json["state"] == "succeeded"
        secrets = [project.home / "postgres.password", project.home / "valkey" / "valkey.conf"]
        assert [path.stat().st_mode & 0o777 for path in secrets] == [0o600, 0o600]


@pytest.mark.parametrize("module", ["flow_runtime.daemon", "flow_runtime.relays.service"])
def test_what_it_starts_ends_with_it_also_where_the_database_is_away(tmp_path: Path, module: str) -> None:
    """It had gone on trying for ever, at full speed."""
    environment = {
        **os.environ,
        "FLOW_DATABASE": "postgresql://flow@127.0.0.1:1/none",
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-m", module, str(tmp_path), *(["127.0.0.1:1"] if "relays" in module else [])]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdin is not None
    assert process.stderr is not None
    assert "trying again" in process.stderr.readline()
    process.stdin.close()
    assert process.wait(20) == 0
    process.stderr.close()


def test_a_queue_without_a_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_QUEUE", "redis://127.0.0.1:1/0")
    ended = Project(tmp_path / "p").flow("list", "--json")
    assert ended.code == 3 or json.loads(ended.out) == {"runs": []}
    ended = Project(tmp_path / "p").flow("worker")
    assert ended.code == 3
    assert "FLOW_DATABASE" in ended.err


def test_a_queue_that_may_throw_tasks_away_is_refused_at_the_start(tmp_path: Path, valkey: Valkey) -> None:
    environment = {"FLOW_DATABASE": shared_server().database(), "FLOW_QUEUE": valkey.url}
    project = Project(tmp_path / "p")
    with valkey.client() as client, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            refused = project.flow("worker")
            told = project.flow("doctor", "--json")
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert refused.code == 2
    assert "noeviction" in refused.err
    assert [check["ok"] for check in told.document["checks"] if check["name"] == "queue"] == [False]


def test_the_bodies_do_not_see_where_the_state_is(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    source = (
        'flow 1\nworkflow w -> str { task t -> str { shell "env | grep -c ^FLOW_DATABASE= || true" }\n  return t\n}\n'
    )
    with Server(project, command="up") as server:
        answer = server.call("POST", "/api/v1/runs", {"source": source}, token=server.token)
        run = answer.json["run"]
        until(lambda: is_over(server, run), what="the end of the run")
        assert server.call("GET", f"/api/v1/runs/{run}", token=server.token).json["result"] == "0"
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as health:
            assert health.status == 200
