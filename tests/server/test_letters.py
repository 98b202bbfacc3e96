"""Dead letters over HTTP, without a worker: they are written by hand."""

import time
from typing import Any

import pytest
from flow_engine.decisions.books import Report
from flow_engine.model import Claim, Completion, Failed, RunEnd
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from starlette.testclient import TestClient

API = "/api/v1"
SOURCE = """flow 1
workflow w(n: int = 1) {
  task a { shell "exit ~{n}" }
  task b { shell "exit 2" }
}
"""


@pytest.fixture
def letters(client: TestClient, state: StateFolder) -> list[str]:
    """Of a run that has failed, newest first."""
    run = client.post(f"{API}/runs", json={"source": SOURCE}).json()["run"]
    store = open_store(state)
    adopted = store.adopt("w1", run, time.time())
    assert adopted is not None
    claims = store.tick("w1", time.time(), Report(), adopted.ready, 9).claims
    store.tick("w1", time.time(), Report([_failed(claim) for claim in claims]), [], 9)
    store.finish("w1", time.time(), [RunEnd(run, None, '{"code": "exit_1", "message": "a failed"}')])
    store.close()
    return [letter["id"] for letter in client.get(f"{API}/dead-letters").json()["letters"]]


def _failed(claim: Claim) -> Completion:
    why = Failed("exit_1", '{"code": "exit_1", "message": "no"}', retryable=False)
    return Completion(claim.task, claim.attempt, "w1", why, time.time(), time.time())


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:flow:problem:{kind}"), answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_pages_of_letters(client: TestClient, letters: list[str]) -> None:
    assert len(letters) == 2
    first = client.get(f"{API}/dead-letters?limit=1").json()
    second = client.get(f"{API}/dead-letters?limit=1&cursor={first['next']}").json()
    assert [page["letters"][0]["id"] for page in (first, second)] == letters
    assert client.get(f"{API}/dead-letters?workflow=other").json() == {"letters": [], "next": None}
    assert client.get(f"{API}/dead-letters?since=2999-01-01T00:00:00Z").json()["letters"] == []
    assert client.get(f"{API}/dead-letters?state=replayed").json()["letters"] == []
    assert client.get(f"{API}/dead-letters/{letters[0]}").json()["error"]["code"] == "exit_1"


@pytest.mark.parametrize(
    "query", ["state=closed", "since=yesterday", "since=2026-01-01", "cursor=x", "limit=0", "limit=1001", "stat=open"]
)
def test_a_wrong_filter_is_told(client: TestClient, query: str) -> None:
    problem(client.get(f"{API}/dead-letters?{query}"), 422, "wrong-query")


def test_a_letter_that_is_not_there(client: TestClient, letters: list[str]) -> None:
    for name in ("no", letters[0] + "0", "01m8njxz995ry3cj9xg8vh5k6y:0:1"):
        problem(client.get(f"{API}/dead-letters/{name}"), 404, "unknown-letter")
        problem(client.post(f"{API}/dead-letters/{name}/drop"), 404, "unknown-letter")
        problem(client.post(f"{API}/dead-letters/replay", json={"letters": [name]}), 404, "unknown-letter")


def test_letters_of_one_run_are_replayed_together_and_once(client: TestClient, letters: list[str]) -> None:
    body = {"letters": [*letters, letters[0]]}
    answer = client.post(f"{API}/dead-letters/replay", json=body)
    (told,) = answer.json()["runs"]
    assert (answer.status_code, told["tasks"], told["letters"], told["refusal"]) == (202, 2, sorted(letters), "")
    assert client.get(f"{API}/runs/{told['run']}").json()["state"] == "queued"
    (again,) = client.post(f"{API}/dead-letters/replay", json=body).json()["runs"]
    assert again["tasks"] == 0
    assert "was replayed at" in again["refusal"]
    assert client.get(f"{API}/dead-letters").json()["letters"] == []


def test_a_value_goes_to_the_task_and_a_wrong_one_stops_all(client: TestClient, letters: list[str]) -> None:
    a = next(name for name in letters if client.get(f"{API}/dead-letters/{name}").json()["task"]["key"] == "a")
    for wrong in ({"n": "x"}, {"m": "1"}, {"n": 1}):
        answer = client.post(f"{API}/dead-letters/replay", json={"letters": [a], "set": wrong})
        assert problem(answer, 422, "wrong-field")["field"] == "set"
    (told,) = client.post(f"{API}/dead-letters/replay", json={"letters": [a], "set": {"n": "0"}}).json()["runs"]
    assert told["tasks"] == 1
    assert client.get(f"{API}/runs/{told['run']}/tasks/a").json()["override"] == {"n": 0}


def test_values_are_not_judged_for_a_run_that_cannot_go_on(client: TestClient, letters: list[str]) -> None:
    client.post(f"{API}/dead-letters/replay", json={"letters": letters[:1]})
    body = {"letters": letters[1:], "set": {"nonsense": "1"}}
    (told,) = client.post(f"{API}/dead-letters/replay", json=body).json()["runs"]
    assert "has not ended" in told["refusal"]


def test_a_dry_run_judges_the_values_and_replays_nothing(client: TestClient, letters: list[str]) -> None:
    body = {"letters": letters, "dry_run": True}
    wrong = client.post(f"{API}/dead-letters/replay", json={**body, "set": {"n": "x"}})
    assert problem(wrong, 422, "wrong-field")["field"] == "set"
    answer = client.post(f"{API}/dead-letters/replay", json=body)
    (told,) = answer.json()["runs"]
    assert (answer.status_code, told["letters"], told["tasks"], told["refusal"]) == (200, sorted(letters), 0, "")
    assert [one["id"] for one in client.get(f"{API}/dead-letters").json()["letters"]] == letters


@pytest.mark.parametrize("body", [{}, {"letters": []}, {"letters": "x"}, {"letters": [1]}, {"letters": ["a"] * 1001}])
def test_what_is_no_list_of_letters_is_refused(client: TestClient, body: Any) -> None:
    assert client.post(f"{API}/dead-letters/replay", json=body).status_code == 422


def test_a_letter_is_dropped_once(client: TestClient, letters: list[str]) -> None:
    dropped = [client.post(f"{API}/dead-letters/{letters[0]}/drop").json() for _ in range(2)]
    assert [(one["state"], one["changed"]) for one in dropped] == [("dropped", True), ("dropped", False)]
