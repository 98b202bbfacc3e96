"""Routes that change or explain runs, and those for operations; in this process, without a worker."""

import json
from pathlib import Path
from typing import Any

import pytest
from flow_engine import states
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.server import HELLO

SCHEDULED = HELLO.replace("  task", '  schedule = cron("0 2 * * *", tz = "Europe/Berlin")\n  task')
WAITS = 'flow 1\nworkflow w {\n  wait paid -> int { event = "paid" }\n  task t { after [paid]; shell "true" }\n}\n'
API = "/api/v1"


def submit(client: TestClient, source: str = HELLO, **fields: Any) -> str:
    answer = client.post(f"{API}/runs", json={"source": source, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["run"])


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:flow:problem:{kind}"), answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_header_does_what_the_field_does(client: TestClient) -> None:
    header = {"Idempotency-Key": "order-17"}
    first = client.post(f"{API}/runs", json={"source": HELLO}, headers=header)
    again = client.post(f"{API}/runs", json={"source": HELLO, "idempotency_key": "order-17"})
    assert (first.status_code, again.status_code, first.json()["run"]) == (201, 200, again.json()["run"])
    other = client.post(f"{API}/runs", json={"source": HELLO, "idempotency_key": "order-18"}, headers=header)
    assert problem(other, 422, "wrong-field")["field"] == "idempotency_key"
    for key in ("", "x" * 201):
        problem(
            client.post(f"{API}/runs", json={"source": HELLO}, headers={"Idempotency-Key": key}), 422, "wrong-header"
        )


def test_bulk_keeps_all_or_none(client: TestClient) -> None:
    wishes = [
        {"params": {"name": name}, "idempotency_key": f"key-{name}", "labels": [name]} for name in ("a", "b", "c")
    ]
    answer = client.post(f"{API}/runs/bulk", json={"source": HELLO, "runs": wishes})
    assert answer.status_code == 201, answer.text
    runs = answer.json()["runs"]
    assert [run["created"] for run in runs] == [True] * 3
    assert [client.get(f"{API}/runs/{run['run']}").json()["params"]["name"] for run in runs] == ["a", "b", "c"]
    again = client.post(f"{API}/runs/bulk", json={"source": HELLO, "runs": [*wishes, {"params": {"name": "d"}}]}).json()
    assert [run["created"] for run in again["runs"]] == [False] * 3 + [True]
    wrong = [{"params": {"name": "new"}}, {"params": {"nome": "x"}}]
    refused = problem(client.post(f"{API}/runs/bulk", json={"source": HELLO, "runs": wrong}), 422, "wrong-parameters")
    assert refused["detail"].startswith("run 1:")
    conflict = [{"params": {"name": "new"}}, {"params": {"name": "z"}, "idempotency_key": "key-a"}]
    problem(client.post(f"{API}/runs/bulk", json={"source": HELLO, "runs": conflict}), 409, "idempotency-conflict")
    assert len(client.get(f"{API}/runs").json()["runs"]) == 4


@pytest.mark.parametrize(
    "runs", [[], [7], [{"param": {}}], [{"params": []}], [{"priority": True}], [{"priority": 11}], [{}] * 1001, "x"]
)
def test_bulk_refuses_what_is_no_list_of_runs(client: TestClient, runs: Any) -> None:
    problem(client.post(f"{API}/runs/bulk", json={"source": HELLO, "runs": runs}), 422, "wrong-field")


@pytest.mark.parametrize(
    "fields",
    [
        {"source": HELLO, "folder": "0" * 64},
        {"folder": "0" * 64},
        {"folder": "x", "file": "a.flow"},
        {"file": "a.flow"},
        {"source": HELLO, "file": "a/b.flow"},
        {"source": HELLO, "file": "a.txt"},
    ],
)
def test_one_workflow_is_named(client: TestClient, fields: dict[str, str]) -> None:
    problem(client.post(f"{API}/runs", json=fields), 422, "wrong-field")


def test_a_source_keeps_the_name_of_its_file(client: TestClient) -> None:
    run = submit(client, file="hello.flow")
    assert client.get(f"{API}/runs/{run}/plan").json()["plan"]["file"] == "hello.flow"


def test_a_run_is_retried_only_once_it_has_failed(client: TestClient) -> None:
    run = submit(client)
    assert "has not ended" in problem(client.post(f"{API}/runs/{run}/retry", json={}), 409, "no-retry")["detail"]
    problem(client.post(f"{API}/runs/{run}/retry", json={"params": {}}), 422, "wrong-field")
    problem(client.post(f"{API}/runs/nothing/retry", json={}), 404, "unknown-run")


def test_an_edited_workflow_takes_over_what_holds(client: TestClient) -> None:
    run = submit(client, params={"name": "Ada"})
    answer = client.post(f"{API}/runs/{run}/diff", json={"source": HELLO.replace("echo", "echo -n")})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["again"], answer.json()["tasks"][0]["reused"]) == (True, False)
    new = client.post(f"{API}/runs/{run}/retry", json={"source": HELLO, "idempotency_key": "edit"})
    assert (new.status_code, new.json()["params"]) == (201, {"name": "Ada"})
    assert client.post(f"{API}/runs/{run}/retry", json={"source": HELLO, "idempotency_key": "edit"}).status_code == 200
    problem(client.post(f"{API}/runs/{run}/diff", json={}), 422, "wrong-field")


def test_rows_come_in_pages(client: TestClient) -> None:
    run = submit(client, WAITS)
    first = client.get(f"{API}/runs/{run}/rows?limit=1").json()
    second = client.get(f"{API}/runs/{run}/rows?limit=1&cursor={first['next_cursor']}&values=1").json()
    assert [first["rows"][0]["seq"], second["rows"][0]["seq"], second["next_cursor"]] == [0, 1, None]
    assert first["record"]["id"] == run
    assert "owner" not in first["record"]
    for query in ("limit=0", "values=2", "cursor=-1", "x=1"):
        problem(client.get(f"{API}/runs/{run}/rows?{query}"), 422, "wrong-query")


def test_a_task_and_why(client: TestClient) -> None:
    run = submit(client)
    assert client.get(f"{API}/runs/{run}/tasks/greet").json()["state"] == states.READY
    why = client.get(f"{API}/runs/{run}/tasks/greet/why").json()
    assert (why["task"], why["state"]) == ("greet", states.READY)
    assert "could start" in why["why"][0]
    for path in ("tasks/gruss", "tasks/gruss/why", "logs?task=gruss"):
        problem(client.get(f"{API}/runs/{run}/{path}"), 404, "unknown-task")


def test_signals_are_kept_and_checked(client: TestClient) -> None:
    run = submit(client, WAITS)
    answer = client.post(f"{API}/runs/{run}/signals/paid", json={"value": 7, "by": "ada"})
    assert (answer.status_code, answer.json()["takers"]) == (200, [])
    assert (
        "waits for a `int`"
        in problem(client.post(f"{API}/runs/{run}/signals/paid", json={"value": "x"}), 409, "not-awaited")["detail"]
    )
    problem(client.post(f"{API}/runs/{run}/signals/pa%07id", json={}), 422, "wrong-field")
    problem(client.post(f"{API}/runs/{run}/signals/paid", json={"by": "x" * 201}), 422, "wrong-field")


@pytest.mark.parametrize("path", ["approvals", "approvals/paid"])
def test_an_approval_that_nobody_waits_for(client: TestClient, path: str) -> None:
    run = submit(client, WAITS)
    problem(client.post(f"{API}/runs/{run}/{path}", json={"approve": True}), 409, "not-awaited")
    for body in ({}, {"approve": 1}, {"approve": True, "by": 3}):
        problem(client.post(f"{API}/runs/{run}/{path}", json=body), 422, "wrong-field")


def test_a_workflow_is_deployed_and_run_by_its_name(client: TestClient) -> None:
    first, again = (client.put(f"{API}/workflows/hello", json={"source": SCHEDULED}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.json() == again.json()
    assert (first.json()["schedule"]["cron"], first.json()["schedule"]["tz"]) == ("0 2 * * *", "Europe/Berlin")
    assert [one["workflow"] for one in client.get(f"{API}/workflows").json()["workflows"]] == ["hello"]
    run = client.post(f"{API}/runs", json={"workflow": "hello", "params": {"name": "Ada"}})
    assert (run.status_code, run.json()["params"]) == (201, {"name": "Ada"})
    problem(client.post(f"{API}/runs", json={"workflow": "other"}), 404, "unknown-workflow")
    problem(client.put(f"{API}/workflows/hallo", json={"source": SCHEDULED}), 422, "wrong-source")
    problem(client.put(f"{API}/workflows/hello", json={}), 422, "wrong-field")


def test_versions_of_a_workflow_are_kept_and_each_can_be_run(client: TestClient) -> None:
    edited = HELLO.replace("echo hello", "echo good day")
    for source in (SCHEDULED, HELLO, edited, HELLO):
        assert client.put(f"{API}/workflows/hello", json={"source": source}).status_code == 200
    found = client.get(f"{API}/workflows/hello").json()
    assert [one["version"] for one in found["versions"]] == [4, 3, 2, 1]
    assert found["versions"][0]["plan_hash"] == found["versions"][2]["plan_hash"] != found["versions"][1]["plan_hash"]
    assert (found["version"], found["schedule"], found["source"]) == (4, None, HELLO)
    assert found["params"] == [{"name": "name", "type": "str", "required": False, "doc": ""}]
    assert client.get(f"{API}/schedules").json() == {"schedules": []}  # the new version has none
    newest = client.post(f"{API}/runs", json={"workflow": "hello"}).json()["run"]
    third = client.post(f"{API}/runs", json={"workflow": "hello", "version": 3}).json()["run"]
    assert "hello" in client.get(f"{API}/runs/{newest}/plan").text
    assert "good day" in client.get(f"{API}/runs/{third}/plan").text
    problem(client.post(f"{API}/runs", json={"workflow": "hello", "version": 5}), 404, "unknown-version")
    problem(client.post(f"{API}/runs", json={"source": HELLO, "version": 1}), 422, "wrong-field")
    assert client.delete(f"{API}/workflows/hello").status_code == 204
    for answer in (
        client.get(f"{API}/workflows/hello"),
        client.delete(f"{API}/workflows/hello"),
        client.get(f"{API}/workflows/hello/graph.svg"),
        client.post(f"{API}/runs", json={"workflow": "hello"}),
    ):
        problem(answer, 404, "unknown-workflow")


def test_schedules_are_held_filled_and_forgotten(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.put(f"{API}/workflows/hello", json={"source": SCHEDULED})
    url = f"{API}/schedules/hello"
    changes = [client.post(f"{url}/{verb}").json() for verb in ("pause", "pause", "resume", "resume")]
    assert [change["changed"] for change in changes] == [True, False, True, False]
    assert [change["paused_at"] is None for change in changes] == [False, False, True, True]
    span = {"from": "2026-01-01T00:00:00+01:00", "to": "2026-01-02T23:59:59+01:00"}
    dry = client.post(f"{url}/backfill", json={**span, "dry_run": True}).json()["runs"]
    made, again = (client.post(f"{url}/backfill", json=span).json()["runs"] for _ in range(2))
    assert [one["instant"] for one in dry] == [one["instant"] for one in made]
    assert ([one["created"] for one in made], [one["created"] for one in again]) == ([True] * 2, [False] * 2)
    for wrong in (
        {"from": "x", "to": "y"},
        {"from": "2026-01-01", "to": "2026-01-02"},
        {"from": span["to"], "to": span["from"]},
    ):
        problem(client.post(f"{url}/backfill", json=wrong), 422, "wrong-field")
    monkeypatch.setattr("flow_runtime.schedules.backfill.MOST", 1)
    problem(client.post(f"{url}/backfill", json=span), 422, "no-backfill")
    assert client.delete(url).status_code == 204
    for answer in (
        client.get(url),
        client.delete(url),
        client.post(f"{url}/pause"),
        client.post(f"{url}/backfill", json=span),
    ):
        problem(answer, 404, "unknown-schedule")


def test_pools_and_workers(client: TestClient) -> None:
    assert client.put(f"{API}/pools/api", json={"slots": 3}).json() == {"name": "api", "slots": 3}
    assert client.get(f"{API}/pools").json() == {"pools": [{"name": "api", "slots": 3}]}
    for slots in (0, -1, 10**7, True, "3", 1.5):
        problem(client.put(f"{API}/pools/api", json={"slots": slots}), 422, "wrong-field")
    problem(client.put(f"{API}/pools/a%00b", json={"slots": 1}), 422, "wrong-field")
    assert client.get(f"{API}/workers").json() == {"workers": []}


def test_the_logs_of_a_run_are_a_stream(client: TestClient, state: StateFolder) -> None:
    run = submit(client)
    folder = Path(state.logs, run)
    folder.mkdir(parents=True)
    answer = client.get(f"{API}/runs/{run}/logs")
    assert answer.headers["content-type"].startswith("text/event-stream")
    frame = answer.text.removeprefix("event: end\ndata: ").strip()
    assert json.loads(frame) == {"run": run, "state": "queued"}
    assert client.head(f"{API}/runs/{run}/logs").status_code == 200
    for query in ("attempt=0", "follow=2", "tail=1"):
        problem(client.get(f"{API}/runs/{run}/logs?{query}"), 422, "wrong-query")
