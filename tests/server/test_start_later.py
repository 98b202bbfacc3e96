"""Runs that are told to start later."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flow_engine import states
from starlette.testclient import TestClient
from support.server import HELLO, Server

API = "/api/v1"
SHORT = HELLO.replace("  task", "  timeout = 1s\n  task")


def test_it_starts_then_and_its_timeout_counts_from_there(server: Server) -> None:
    began = time.time()
    answer = server.post("/runs", {"source": SHORT, "delay": 1.5})
    assert (answer.status, answer.json["state"], answer.json["tasks"][0]["state"]) == (201, "queued", "waiting")
    run = answer.json["run"]
    server.wait(run, states.SUCCEEDED)
    started = datetime.fromisoformat(server.get(f"/runs/{run}").json["started_at"]).timestamp()
    assert started >= began + 1.5 - 0.01
    other = server.post("/runs", {"source": HELLO, "delay": 60}).json["run"]
    server.post(f"/runs/{other}/cancel")
    server.wait(other, states.CANCELLED)


def test_when_it_starts_is_told(client: TestClient) -> None:
    at = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="milliseconds")
    run = client.post(f"{API}/runs", json={"source": HELLO, "start_at": at}).json()
    assert (run["state"], run["start_at"]) == ("queued", at)
    bulk = client.post(f"{API}/runs/bulk", json={"source": HELLO, "runs": [{"delay": 60}, {}]}).json()["runs"]
    told = [client.get(f"{API}/runs/{one['run']}").json()["start_at"] for one in bulk]
    assert (told[0] is not None, told[1]) == (True, None)
    past = client.post(f"{API}/runs", json={"source": HELLO, "start_at": "2020-01-01T00:00:00Z"}).json()
    assert (past["start_at"], past["tasks"][0]["state"]) == (None, "ready")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"delay": -1}, "delay"),
        ({"delay": "5"}, "delay"),
        ({"delay": 1e12}, "delay"),
        ({"start_at": "2026-01-01"}, "start_at"),
        ({"start_at": 5}, "start_at"),
        ({"start_at": "9999-01-01T00:00:00Z"}, "start_at"),
        ({"start_at": "2026-01-01T00:00:00Z", "delay": 5}, "delay"),
    ],
)
def test_a_wrong_time_is_told(client: TestClient, fields: dict[str, Any], field: str) -> None:
    answer = client.post(f"{API}/runs", json={"source": HELLO, **fields})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
