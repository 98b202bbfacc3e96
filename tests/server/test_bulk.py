"""Runs that a filter chooses: listed, cancelled and tried again."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from flow_engine.decisions.books import Report
from flow_engine.model import Completion, Failed, RunEnd
from flow_engine.stores.contract import Store
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from flow_server import paging
from starlette.testclient import TestClient
from support.server import HELLO

API = "/api/v1"
CHAIN = 'flow 1\nworkflow w { task a { shell "exit 1" } }\n'


def submit(client: TestClient, count: int, source: str = HELLO, **fields: Any) -> list[str]:
    made = client.post(f"{API}/runs/bulk", json={"source": source, "runs": [fields] * count})
    assert made.status_code == 201, made.text
    return [run["run"] for run in made.json()["runs"]]


def listed(client: TestClient, query: str) -> list[str]:
    answer = client.get(f"{API}/runs?{query}")
    assert answer.status_code == 200, answer.text
    return [run["run"] for run in answer.json()["runs"]]


def fail(store: Store, run: str) -> None:
    adopted = store.adopt("w1", run, time.time())
    assert adopted is not None
    (claim,) = store.tick("w1", time.time(), Report(), adopted.ready, 9).claims
    why = Failed("exit_1", '{"code": "exit_1", "message": "no"}', retryable=False)
    done = Completion(claim.task, claim.attempt, "w1", why, time.time(), time.time())
    store.tick("w1", time.time(), Report([done]), [], 9)
    store.finish("w1", time.time(), [RunEnd(run, None, '{"code": "exit_1", "message": "a failed"}')])


def test_runs_are_chosen_by_label_and_time(client: TestClient) -> None:
    old = submit(client, 2, labels=["blue", "red"])
    time.sleep(0.01)
    moment = datetime.now(UTC).isoformat().replace("+", "%2B")
    new = submit(client, 3, labels=["blue"])
    assert listed(client, "label=red") == old[::-1]
    assert listed(client, "label=blue&limit=4") == [*new[::-1], old[1]]
    assert listed(client, f"since={moment}") == new[::-1]
    assert listed(client, f"since={moment}&label=red") == []
    assert listed(client, "since=2999-01-01T00:00:00Z") == []
    assert len(listed(client, "since=1960-01-01T00:00:00Z&label=blue")) == 5
    assert listed(client, "label=bl") == []


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-01-01", "label=" + "x" * 201])
def test_a_wrong_filter_is_told(client: TestClient, query: str) -> None:
    answer = client.get(f"{API}/runs?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flow:problem:wrong-query")


def test_a_page_of_a_rare_label_ends_and_goes_on(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "SCAN", 4)
    monkeypatch.setattr(paging, "_CHUNK", 2)
    (rare,) = submit(client, 1, labels=["rare"])
    submit(client, 9)
    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{API}/runs?label=rare&cursor={cursor}").json()
        pages.append([run["run"] for run in page["runs"]])
        cursor = page["next_cursor"]
    assert pages == [[], [], [rare]]


def test_many_are_cancelled_and_tried_again(client: TestClient, state: StateFolder) -> None:
    others, chosen = submit(client, 2), submit(client, 3, labels=["x"])
    body = {"state": "queued", "label": "x", "limit": 2}
    dry = client.post(f"{API}/runs/cancel", json={**body, "dry_run": True})
    assert (dry.status_code, dry.json()["matched"], dry.json()["done"]) == (200, 2, 0)
    first = client.post(f"{API}/runs/cancel", json=body).json()
    second = client.post(f"{API}/runs/cancel", json={**body, "cursor": first["next_cursor"]}).json()
    assert [run["run"] for run in first["runs"] + second["runs"]] == chosen[::-1]
    assert (first["done"], second["done"]) == (2, 1)
    asked = {run: client.get(f"{API}/runs/{run}").json()["cancel_requested_at"] for run in others + chosen}
    assert [run for run, at in asked.items() if at] == chosen

    failed = submit(client, 2, CHAIN)
    store = open_store(state)
    for run in failed:
        fail(store, run)
    store.close()
    again = client.post(f"{API}/runs/retry", json={"state": "failed"})
    assert (again.status_code, again.json()["matched"], again.json()["done"]) == (202, 2, 2), again.text
    assert [client.get(f"{API}/runs/{run}").json()["state"] for run in failed] == ["queued", "queued"]
    assert client.post(f"{API}/runs/retry", json={"state": "failed"}).json()["runs"] == []


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("cancel", {}, "state"),
        ("cancel", {"state": "failed"}, "state"),
        ("retry", {"state": "running"}, "state"),
        ("retry", {"state": "failed", "limit": 501}, "limit"),
        ("retry", {"state": "failed", "since": "x"}, "since"),
        ("retry", {"state": "failed", "labels": "x"}, "labels"),
    ],
)
def test_a_wrong_choice_does_nothing(client: TestClient, verb: str, body: dict[str, Any], field: str) -> None:
    answer = client.post(f"{API}/runs/{verb}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
