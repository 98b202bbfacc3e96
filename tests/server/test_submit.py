"""What `POST /runs` and `POST /check` accept and refuse, in this process and without a worker."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.server import HELLO

LIMIT = 1 << 20


def refused(client: TestClient, status: int, kind: str, **options: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/runs", **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:flow:problem:{kind}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


def test_a_run_is_created_with_its_document(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/runs", json={"source": HELLO, "params": {"name": "Ada"}, "priority": 3, "labels": ["a", "b"]}
    )
    assert answer.status_code == 201
    document = answer.json()
    assert answer.headers["location"] == f"/api/v1/runs/{document['run']}"
    assert (document["workflow"], document["state"], document["params"]) == ("hello", "queued", {"name": "Ada"})
    assert (document["priority"], document["labels"]) == (3, ["a", "b"])
    assert [task["key"] for task in document["tasks"]] == ["greet"]


def test_the_same_idempotency_key_gives_the_same_run(client: TestClient, state: StateFolder) -> None:
    body = {"source": HELLO, "params": {"name": "Ada"}, "idempotency_key": "order-17"}
    first, second = (client.post("/api/v1/runs", json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["run"] == second.json()["run"]
    assert len(os.listdir(os.path.join(state.root, "submitted"))) == 1


def test_an_idempotency_key_is_printable_in_the_body_too(client: TestClient) -> None:
    detail = refused(client, 422, "wrong-field", json={"source": HELLO, "idempotency_key": "a\u0000b"})["detail"]
    assert "printable" in detail


def test_the_same_idempotency_key_with_another_payload_is_a_conflict(client: TestClient) -> None:
    first = client.post("/api/v1/runs", json={"source": HELLO, "idempotency_key": "order-17"})
    body = {"source": HELLO, "params": {"name": "Bob"}, "idempotency_key": "order-17"}
    problem = refused(client, 409, "idempotency-conflict", json=body)
    assert problem["run"] == first.json()["run"]


def test_a_wrong_source_is_answered_with_diagnostics(client: TestClient) -> None:
    problem = refused(client, 422, "wrong-source", json={"source": "flow 1\nworkflow a { tusk x { } }\n"})
    assert problem["diagnostics"][0]["code"].startswith("FLOW")
    assert problem["diagnostics"][0]["line"] == 2


def test_wrong_parameters_are_answered_with_diagnostics_for_each(client: TestClient) -> None:
    source = 'flow 1\nworkflow a(n: int, day: date) { task x { shell "echo ~{n} ~{day}" } }\n'
    problem = refused(client, 422, "wrong-parameters", json={"source": source, "params": {"n": "x", "m": 1}})
    assert len(problem["diagnostics"]) == 3  # mistyped, missing, unknown


def test_an_import_says_that_a_sent_source_has_no_folder(client: TestClient) -> None:
    source = 'flow 1\nfrom python "tasks.py" import f\nworkflow a { task x { call f() } }\n'
    problem = refused(client, 422, "wrong-source", json={"source": source})
    assert "has no folder beside it" in json.dumps(problem["diagnostics"])


def test_a_relative_file_says_that_a_sent_source_has_no_folder(client: TestClient) -> None:
    source = 'flow 1\nworkflow a(p: file = file("data/in.csv")) { task x { shell "cat ~{p}" } }\n'
    for body in ({"source": source}, {"source": source, "params": {"p": "other.csv"}}):
        problem = refused(client, 422, "wrong-parameters", json=body)
        assert "has no folder beside it" in problem["diagnostics"][0]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source"),
        ({"source": 7}, "source"),
        ({"source": None}, "source"),
        ({"source": HELLO, "sauce": "x"}, "sauce"),
        ({"source": HELLO, "params": []}, "params"),
        ({"source": HELLO, "priority": True}, "priority"),
        ({"source": HELLO, "priority": 10}, "priority"),
        ({"source": HELLO, "priority": 2.5}, "priority"),
        ({"source": HELLO, "labels": "a"}, "labels"),
        ({"source": HELLO, "labels": [1]}, "labels"),
        ({"source": HELLO, "idempotency_key": ""}, "idempotency_key"),
        ({"source": HELLO, "workflow": 1}, "workflow"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, body: object, field: str) -> None:
    assert refused(client, 422, "wrong-field", json=body)["field"] == field


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"source": NaN}', b'{"source": "\\ud800"}', b"1" * 5000],
    ids=["empty", "cut", "bytes", "deep", "nan", "surrogate", "digits"],
)
def test_what_is_not_json_is_a_400(client: TestClient, data: bytes) -> None:
    refused(client, 400, "malformed-json", content=data)


def test_json_that_is_no_object_is_told(client: TestClient) -> None:
    assert "a list" in refused(client, 422, "wrong-field", content=b"[]")["detail"]


def test_a_task_that_looks_beside_a_sent_source_is_refused(client: TestClient) -> None:
    """An example with `glob("src/*.c")` was accepted, found no file and succeeded with nothing compiled."""
    task = 'flow 1\nworkflow a(n: int = 1) -> json {{\n  task x{} {{ shell "{}" }}\n  return {}\n}}\n'
    for source, line in (
        (task.format(' for f in glob("src/*.c")', "cc ~{f}", "1"), 3),
        (task.format("", 'cat ~{file("data/~{n}.csv")}', "1"), 3),
        (task.format("", "true", 'count(glob("*.c"))'), 2),
        ((Path(__file__).parents[2] / "examples" / "cbuild" / "cbuild.flow").read_text(), 11),
    ):
        (first, *_) = refused(client, 422, "wrong-source", json={"source": source})["diagnostics"]
        assert (first["code"], first["line"]) == ("FLOW213", line)
        assert "has no folder beside it" in first["message"]
    absolute = task.format(' for f in glob("/nowhere/*.c")', 'cc ~{f} ~{file("~{f}")}', "1")
    assert client.post("/api/v1/runs", json={"source": absolute}).status_code == 201


def test_an_unknown_workflow_is_a_diagnostic(client: TestClient) -> None:
    problem = refused(client, 422, "wrong-source", json={"source": HELLO, "workflow": "hallo"})
    assert "hallo" in problem["detail"]


def test_bodies_are_bounded(client: TestClient) -> None:
    refused(client, 413, "too-large", json={"source": "# " + "x" * LIMIT})
    refused(client, 413, "too-large", json={"source": HELLO, "params": {"name": "x" * LIMIT}})
    refused(client, 413, "too-large", content=b" " * (6 * LIMIT))
    refused(client, 413, "too-large", content=(b" " * LIMIT for _ in range(6)))  # no length is declared


def test_check_answers_diagnostics(client: TestClient) -> None:
    good = client.post("/api/v1/check", json={"source": HELLO})
    assert (good.status_code, good.json()) == (200, {"ok": True, "diagnostics": []})
    bad = client.post("/api/v1/check", json={"source": HELLO.replace("~{name}", "~{nome}")})
    assert bad.status_code == 200
    assert bad.json()["ok"] is False
    assert "name" in bad.json()["diagnostics"][0]["hint"]
