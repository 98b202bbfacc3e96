"""Who may ask, for what, and how errors look; in this process."""

from typing import Any

import pytest
from flow_engine.errors import StoreError
from starlette.testclient import TestClient
from support.server import HELLO

OPEN = {"/healthz", "/login"}
PROTECTED = [
    ("GET", "/api/v1/runs"),
    ("POST", "/api/v1/runs"),
    ("POST", "/api/v1/check"),
    ("GET", "/api/v1/runs/x"),
    ("GET", "/api/v1/runs/x/graph.svg"),
    ("GET", "/api/v1/nothing"),
    ("GET", "/metrics"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("value", ["", "Bearer ", "Bearer wrong", "Basic a-token-for-tests-only", "Bearer é"])
def test_without_the_token_nothing_is_told(client: TestClient, method: str, path: str, value: str) -> None:
    answer = client.request(method, path, headers={"Authorization": value.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "urn:flow:problem:unauthorized"


def test_health_needs_no_token(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_a_token_in_the_url_is_not_taken(client: TestClient) -> None:
    for path in ("/?token=a-token-for-tests-only", "/api/v1/runs?token=a-token-for-tests-only"):
        assert client.get(path, headers={"Authorization": ""}).status_code in (303, 401)


def test_every_answer_has_a_request_id_and_safe_headers(client: TestClient) -> None:
    given = client.get("/api/v1/runs", headers={"X-Request-ID": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    made = client.get("/api/v1/runs", headers={"X-Request-ID": "not good"})
    assert made.headers["x-request-id"] != "not good"
    assert made.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in made.headers["content-security-policy"]
    assert made.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/api/v1/runs/nothing", 404, "unknown-run"),
        ("/api/v1/runs/nothing/tasks", 404, "unknown-run"),
        ("/api/v1/runs/nothing/graph.svg", 404, "unknown-run"),
        ("/api/v1/runs/nothing/events", 404, "unknown-run"),
        ("/api/v1/runs/nothing/tasks/a/logs", 404, "unknown-run"),
        ("/api/v1/nothing", 404, "not-found"),
        ("/api/v1/runs?state=done", 422, "wrong-query"),
        ("/api/v1/runs?stat=failed", 422, "wrong-query"),
        ("/api/v1/runs?limit=0", 422, "wrong-query"),
        ("/api/v1/runs?limit=x", 422, "wrong-query"),
        ("/api/v1/runs?cursor='--", 422, "wrong-query"),
        ("/api/v1/check", 405, "method-not-allowed"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(client: TestClient, path: str, status: int, kind: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:flow:problem:{kind}"
    assert len(answer.json()["detail"]) > 20


def submitted(client: TestClient, count: int) -> list[str]:
    return [client.post("/api/v1/runs", json={"source": HELLO}).json()["run"] for _ in range(count)]


def test_pages_are_stable_while_new_runs_come(client: TestClient) -> None:
    runs = submitted(client, 5)
    first = client.get("/api/v1/runs?limit=2").json()
    submitted(client, 1)
    second = client.get(f"/api/v1/runs?limit=2&cursor={first['next_cursor']}").json()
    third = client.get(f"/api/v1/runs?limit=2&cursor={second['next_cursor']}").json()
    seen = [run["run"] for page in (first, second, third) for run in page["runs"]]
    assert sorted(seen) == sorted(runs)
    assert seen == sorted(seen, reverse=True)
    assert third["next_cursor"] is None


def test_runs_are_filtered(client: TestClient) -> None:
    submitted(client, 2)
    assert len(client.get("/api/v1/runs?state=queued&workflow=hello").json()["runs"]) == 2
    assert client.get("/api/v1/runs?state=failed").json() == {"runs": [], "next_cursor": None, "damaged": []}
    assert client.get("/api/v1/runs?workflow=other").json()["runs"] == []


def test_a_run_that_has_not_ended_has_no_result(client: TestClient) -> None:
    (run,) = submitted(client, 1)
    answer = client.get(f"/api/v1/runs/{run}/result")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:flow:problem:not-ended")


def test_a_queued_run_can_be_asked_to_stop(client: TestClient) -> None:
    (run,) = submitted(client, 1)
    answer = client.post(f"/api/v1/runs/{run}/cancel")
    assert answer.status_code == 202
    assert answer.json()["cancel_requested_at"] is not None


def test_the_start_of_an_id_is_enough_and_an_ambiguous_one_is_told(client: TestClient) -> None:
    run, other = submitted(client, 2)
    assert client.get(f"/api/v1/runs/{run[:-1]}").json()["run"] == run
    answer = client.get(f"/api/v1/runs/{run[:4]}")
    assert other[:4] == run[:4]
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:flow:problem:bad-request")


def test_graphs_have_etags(client: TestClient) -> None:
    (run,) = submitted(client, 1)
    first = client.get(f"/api/v1/runs/{run}/graph.svg")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/svg+xml")
    again = client.get(f"/api/v1/runs/{run}/graph.svg", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/api/v1/runs/{run}/graph.gif").status_code == 404
    assert client.get(f"/api/v1/runs/{run}/graph.png").content.startswith(b"\x89PNG")
    assert client.get(f"/api/v1/runs/{run}/graph.json").json()["nodes"][1]["state"] == "ready"


def samples(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_metrics_tell_the_state(client: TestClient) -> None:
    submitted(client, 2)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = samples(answer.text)
    assert found['flow_runs{state="queued"}'] == 2
    assert found['flow_tasks{state="ready"}'] == found['flow_queue_depth{pool=""}'] == 2
    assert found["flow_queue_oldest_seconds"] >= 0
    assert found['flow_http_request_seconds_count{method="POST",route="/api/v1/runs",status="201"}'] == 2
    assert [name for name in found if name.startswith('flow_build_info{role="server",version=')]


def test_a_defect_is_a_problem_document_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("flow_server.api.runs.runs_page", broken)
    answer = client.get("/api/v1/runs")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:flow:problem:internal-error")
    assert "secret detail" not in answer.text
    assert answer.json()["request_id"] in caplog.text


def test_a_state_that_fails_is_told_with_a_503(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise StoreError("the state could not be used: disk I/O error")

    monkeypatch.setattr("flow_engine.stores.sqlite.SqliteStore.runs", broken)
    for path in ("/api/v1/runs", "/healthz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:flow:problem:state-unavailable")
        assert "disk I/O error" in answer.json()["detail"]
