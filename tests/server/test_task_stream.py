"""The log of a task as a stream."""

import json
from pathlib import Path

import pytest
from flow_engine import states
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.server import HELLO, Server

API = "/api/v1"
SLOW = 'flow 1\nworkflow slow { task t { shell "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.2; done; exit 1"; retry = 1 } }\n'


def frames(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if "event:" in block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def said_until(all_: list[dict[str, str]], last: dict[str, str]) -> int:
    return sum(len(json.loads(frame["data"])["text"]) for frame in all_[: all_.index(last) + 1])


def test_a_stream_is_taken_up_where_it_ended(server: Server) -> None:
    """It is read while the body writes, and then from after each of its events."""
    run = server.submit(SLOW)
    path = f"{API}/runs/{run}/tasks/t/logs?follow=1"
    first = frames(server.call("GET", path).text)
    said = "".join(json.loads(frame["data"])["text"] for frame in first[:-1])
    assert said == "".join(f"line {i}\n" for i in range(1, 7)) * 2
    assert len(first) > 4, "pieces come while the body writes"
    server.wait(run, states.FAILED)
    for frame in first[:-1]:
        rest = frames(server.call("GET", path, headers={"Last-Event-ID": frame["id"]}).text)
        told = [json.loads(one["data"])["text"] for one in rest[:-1]]
        assert "".join(told) == said[said_until(first, frame) :]
    only = frames(server.call("GET", f"{path}&attempt=2").text)
    assert {json.loads(frame["data"])["attempt"] for frame in only[:-1]} == {2}
    assert json.loads(only[-1]["data"]) == {"run": run, "state": "failed"}


@pytest.mark.parametrize(
    ("query", "headers", "kind"),
    [
        ("follow=1&tail=5", {}, "wrong-query"),
        ("follow=2", {}, "wrong-query"),
        ("follow=1", {"Last-Event-ID": "x"}, "wrong-header"),
    ],
)
def test_wrong_requests_are_told(client: TestClient, query: str, headers: dict[str, str], kind: str) -> None:
    run = client.post(f"{API}/runs", json={"source": HELLO}).json()["run"]
    answer = client.get(f"{API}/runs/{run}/tasks/greet/logs?{query}", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:flow:problem:{kind}")


def test_an_unknown_task_is_no_stream(client: TestClient, state: StateFolder) -> None:
    run = client.post(f"{API}/runs", json={"source": HELLO}).json()["run"]
    Path(state.logs, run).mkdir(parents=True)
    answer = client.get(f"{API}/runs/{run}/tasks/gruss/logs?follow=1")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:flow:problem:unknown-task")
