"""What a server tells of its settings, and to whom; and a worker on another host that takes its own from there."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.role_settings import Source, settle
from flow_client import transport
from flow_client.client import Client
from flow_client.errors import Problem, WrongAddress
from support.command import Project
from support.postgres import shared_server
from support.server import Server

SECRET = "opensesame"
FAR = """flow 1
workflow far -> str {
  task seen -> str { shell "env | grep -c -e opensesame -e FLOW_TOKEN || true"; labels = ["far"] }
  return seen
}
"""


class Cluster:
    """A server whose settings are in a file, and what it was started with."""

    def __init__(self, folder: Path) -> None:
        self.database = shared_server().database().replace("flow@", f"flow:{SECRET}@")
        self.project = Project(folder)
        self.project.write(
            ".flow/flow.yaml",
            f"database: {self.database}\nlease: 20\nrate_limit: 500\npolicy: {{team-z: [http]}}\nlog_limit: 2MiB\nslots: 1\n",
        )
        self.server = Server(self.project, "--no-schedules", "--metrics-port", "0")

    def token(self, *scopes: str, namespace: str = "*") -> str:
        made = self.server.post("/tokens", {"name": "t", "scopes": list(scopes), "namespace": namespace})
        assert made.status == 201, made.text
        return str(made.json["secret"])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    with made.server:
        yield made
    assert SECRET not in "".join(made.server.lines)


def test_a_worker_elsewhere_takes_the_settings_of_the_server_and_runs_a_run(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told the URL and a token, and nothing of the database."""
    elsewhere, token = Project(tmp_path / "elsewhere"), cluster.token("join")
    run = cluster.server.submit(FAR)
    time.sleep(0.3)
    assert cluster.server.get(f"/runs/{run}").json["state"] != "succeeded", "the server's own worker has no such label"
    monkeypatch.setenv("FLOW_TOKEN", token)
    with elsewhere.running("worker", "--config-url", cluster.server.url, "--label", "far") as worker:
        assert worker.stderr is not None
        told = worker.stderr.readline()
        assert told.startswith("working on the runs of postgresql://127.0.0.1"), told
        assert cluster.server.wait(run, "succeeded", 30)["result"] == "0"
        worker.terminate()
        rest = worker.communicate(timeout=20)[1]
    assert (worker.returncode, SECRET in told + rest, token in told + rest) == (0, False, False)
    entries = cluster.server.get("/audit?limit=20").json["entries"]
    assert [one["subject"] for one in entries if one["target"] == "/api/v1/config/worker"] == ["token:t"]


def test_a_role_that_may_not_is_told_the_scope(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_TOKEN", cluster.token("read", "admin"))
    done = Project(tmp_path / "elsewhere").flow("notifier", "--config-url", cluster.server.url)
    assert (done.code, SECRET in done.err) == (2, False)
    assert "this needs the scope `join`, and token:t has admin, read" in done.err
    monkeypatch.setenv("FLOW_CONFIG_URL", cluster.server.url)
    monkeypatch.setenv("FLOW_TOKEN", cluster.token("join", namespace="team-a"))
    with pytest.raises(Problem, match="this is shared by all namespaces, and token:t is of `team-a` alone"):
        settle("relay", Source())
    monkeypatch.setenv("FLOW_TOKEN", "nonsense-nonsense")
    with pytest.raises(WrongAddress, match="refuses the token: set FLOW_TOKEN"):
        settle("scheduler", Source())


def test_a_server_that_is_not_there_is_told_with_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_TOKEN", "nonsense-nonsense")
    monkeypatch.setattr(transport, "CONNECTS", 1)
    with pytest.raises(
        CommandError, match=r"the settings cannot be fetched: no Flow server answers at http://127\.0\.0\.1:1 "
    ) as raised:
        settle("worker", Source(url="http://127.0.0.1:1"))
    assert (raised.value.code, "give another --config-url" in raised.value.message) == (exits.UNREACHABLE, True)


def test_who_sees_what(cluster: Cluster) -> None:
    url = cluster.server.url

    def seen(token: str) -> dict[str, tuple[str, str]]:
        return {one["key"]: (one["value"], one["origin"]) for one in Client(url, token).settings()}

    everything, little = seen(cluster.server.token), seen(cluster.token("read"))
    file = cluster.project.home / "flow.yaml"
    assert everything["database"] == (cluster.database.replace(SECRET, "********"), f"{file}:1")
    assert everything["policy"] == ('{"team-z": ["http"]}', f"{file}:4")
    assert everything["metrics"] == ("127.0.0.1:0", "flag --metrics-port")
    assert everything["listen_port"] == ("0", "flag --port")
    assert everything["listen_host"] == ("127.0.0.1", "default")
    assert everything["slots"] == ("1", f"{file}:6")
    assert little["lease"] == ("20", ""), "where the file is is nobody's business"
    assert not {"database", "queue", "policy", "jwt_issuer", "storage", "home", "ssm_prefix"} & little.keys()
    assert seen(cluster.token("read", "admin", namespace="team-a")) == little
    with pytest.raises(Problem, match="needs the scope `read`"):
        seen(cluster.token("join"))


def test_a_role_is_given_what_it_uses(cluster: Cluster) -> None:
    client = Client(cluster.server.url, cluster.token("join"))
    assert client.settings_for("worker") == {"database": cluster.database, "lease": "20", "log_limit": "2MiB"}
    assert client.settings_for("scheduler") == {"database": cluster.database, "lease": "20"}
    with pytest.raises(
        Problem, match=re.escape("there is no role 'king'; there are worker, scheduler, relay, notifier")
    ):
        client.settings_for("king")


def test_a_state_that_is_a_file_is_for_nobody_elsewhere(client: Any) -> None:
    answer = client.post("/api/v1/config/worker")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:flow:problem:state-not-shared")
