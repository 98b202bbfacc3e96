"""Requests that nobody well-meaning sends, and clients that leave, wait or come all at once."""

import asyncio
import json
import shutil
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flow_engine.errors import StoreError
from flow_engine.stores.contract import RunFilter
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server import body, gate
from flow_server.api import logs
from flow_server.app import create_app, routes
from flow_server.auth.principal import ADMINISTRATOR
from flow_server.session import Sessions
from flow_server.store_threads import StoreThreads
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient
from support.command import Project
from support.server import HELLO, SLEEP, Server
from support.waiting import until

from .conftest import TOKEN

OPEN_ROUTES = {"/healthz", "/login"}
PARAMS = 'flow 1\nworkflow w(value: json) -> json {\n  task a { shell "true" }\n  return value\n}\n'


def every_route() -> list[tuple[str, str]]:
    return [
        (
            method,
            route.path.format(
                run="01abc",
                task="greet",
                format="svg",
                digest="0" * 64,
                name="hello",
                event="paid",
                letter="01abc:0:1",
                token="0" * 16,
                rule="ops",
                role="worker",
            ),
        )
        for route in routes()
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


@pytest.mark.parametrize(("method", "path"), every_route(), ids=lambda part: part)
def test_no_route_answers_without_the_token_or_a_session(
    client: TestClient, state: StateFolder, method: str, path: str
) -> None:
    sessions = Sessions(TOKEN)
    with closing(open_store(state)) as store:
        good, _ = sessions.open(store, ADMINISTRATOR)
        ended, _ = sessions.open(store, ADMINISTRATOR)
        sessions.end(store, ended)
        expired, _ = Sessions(TOKEN, clock=lambda: 0.0).open(store, ADMINISTRATOR)
        other, _ = Sessions("another-token-for-tests").open(store, ADMINISTRATOR)
    attempts: list[Any] = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": b"Bearer \xe9"},
        *(
            {"Cookie": f"{sessions.cookie}={value}"}
            for value in ("", "x", good[:-1], good + "0", "0" * 5000, ended, expired, other)
        ),
    ]
    client.headers.pop("authorization")
    for headers in attempts:
        answer = client.request(method, path, headers=headers)
        if path == "/login":
            assert answer.status_code in (200, 403)
        elif path in ("/healthz", "/readyz"):
            assert answer.status_code == 200
        elif gate.is_api(path):
            assert answer.status_code == 401
        else:
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")
        assert "set-cookie" not in answer.headers


def test_a_number_that_json_cannot_answer_is_refused(client: TestClient) -> None:
    """It was taken, and the answers held `Infinity`, which no other reader of JSON takes."""
    for number in ("1e999", "-1e999", "1" * 1001):
        data = json.dumps({"source": PARAMS, "params": {"value": "?"}}).replace('"?"', number)
        answer = client.post("/api/v1/runs", content=data)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:flow:problem:malformed-json")
        assert len(answer.text) < 1000


def test_deep_parameters_are_refused_and_not_a_defect(client: TestClient) -> None:
    def sent(depth: int) -> Any:
        value = "[" * depth + "]" * depth
        return client.post(
            "/api/v1/runs", content=json.dumps({"source": PARAMS, "params": {"value": "?"}}).replace('"?"', value)
        )

    assert sent(body.DEEPEST - 2).status_code == 201
    for depth in (body.DEEPEST - 1, 400, 900, 100_000):
        answer = sent(depth)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:flow:problem:malformed-json")


def test_a_query_parameter_given_twice_is_refused(client: TestClient) -> None:
    answer = client.get("/api/v1/runs?state=failed&state=running")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flow:problem:wrong-query")


def test_the_host_header_leads_nowhere(client: TestClient) -> None:
    for host in ("evil.example", "[", "a b", ""):
        for path in ("/api/v1/runs/", "/healthz/", "/login/", "/api/v1/nothing", "/static/nothing"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code in (303, 404)
            assert answer.headers.get("location", "/login").split("?")[0] == "/login"


def test_a_defect_has_safe_headers_too(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("flow_server.api.runs.runs_page", broken)
    answer = client.get("/api/v1/runs", headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "mine")
    assert {name: answer.headers.get(name) for name in gate.HEADERS} == gate.HEADERS


def test_a_body_that_does_not_arrive_is_given_up(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "PATIENCE", 0.05)

    async def never() -> Any:
        await asyncio.sleep(30)

    request = Request({"type": "http", "method": "POST", "headers": [], "app": create_app(state, TOKEN)}, never)
    with pytest.raises(body.Problem) as found:
        asyncio.run(body.bounded(request, 100))
    assert (found.value.status, found.value.kind) == (408, "too-slow")


def test_no_thread_makes_a_state_again_that_was_removed(state: StateFolder) -> None:
    """A thread that had not been used yet made it, and its runs were kept where no other thread looks."""
    threads = StoreThreads(state)

    async def used() -> list[int | BaseException]:
        jobs = (threads.run(lambda store: len(store.runs(RunFilter()))) for _ in range(8))
        return await asyncio.gather(*jobs, return_exceptions=True)

    assert asyncio.run(threads.run(lambda store: len(store.runs(RunFilter())))) == 0
    shutil.rmtree(state.root)
    assert {type(found) for found in asyncio.run(used())} == {StoreError}
    assert not Path(state.root).exists()
    threads.close()


def test_a_state_that_was_removed_takes_no_run(client: TestClient, state: StateFolder) -> None:
    """SQLite goes on with the removed file: runs were accepted, and gone."""
    assert client.post("/api/v1/runs", json={"source": HELLO}).status_code == 201
    shutil.rmtree(state.root)
    for answer in (
        client.post("/api/v1/runs", json={"source": HELLO}),
        client.get("/api/v1/runs"),
        client.get("/healthz"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:flow:problem:state-unavailable")
        assert "start the server anew" in answer.json()["detail"]


MARKUP = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>]]>--></title></text><svg onload=alert(1)>"""
"""What must not become a part of a page or a drawing."""


def test_what_users_write_stays_text_on_pages_and_in_drawings(client: TestClient) -> None:
    source = 'flow 1\n## %s\nworkflow évil(value: json, s: str = "%s") {\n  ## %s\n  task a for x in [1] when s == "%s" { shell "true" }\n}\n'
    literal = MARKUP.replace('"', '\\"')
    body = {
        "source": source % (MARKUP, literal, MARKUP, literal),
        "params": {"value": {MARKUP: MARKUP}},
        "labels": [MARKUP],
    }
    run = client.post("/api/v1/runs", json=body).json()["run"]
    client.post("/login", content=f"token={TOKEN}")
    paths = ["/", f"/runs/{run}", f"/runs/{run}/graph.svg"]
    paths += [f"/{quote(MARKUP)}", f"/runs/{quote(MARKUP)}", f"/?workflow={quote(MARKUP)}", f"/?state={quote(MARKUP)}"]
    paths += [f"/runs/{run}/graph.{quote(MARKUP, safe='')}", f"/runs/{run}/tasks/{quote(MARKUP, safe='')}/log"]
    for path in paths:
        text = client.get(path).text
        assert "<script>" not in text, path
        assert "<img src=x" not in text, path
        assert "<svg onload" not in text, path
        assert "</title></text>" not in text, path


# with a real server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with Server(Project(tmp_path / "state")) as running:
        yield running


@contextmanager
def sent(server: Server, line: str, *headers: str, data: str = "", token: bool = True) -> Iterator[socket.socket]:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    authorization = [f"Authorization: Bearer {server.token}"] if token else []
    text = "\r\n".join([line, "Host: x", *authorization, *headers, "", data])
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text.encode())
        yield connection


def first_line(connection: socket.socket) -> str:
    return connection.recv(4096).split(b"\r\n")[0].decode()


def test_the_head_of_an_event_stream_ends(server: Server) -> None:
    """It went on, silent, until the run ended."""
    run = server.submit(SLEEP)
    answer = server.call("HEAD", f"/api/v1/runs/{run}/events")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    server.post(f"/runs/{run}/cancel")


def test_strangers_and_broken_connections_leave_no_trace_in_the_log(own: Server) -> None:
    with sent(own, "POST /api/v1/runs HTTP/1.1", "Content-Length: 100", data="{"):
        pass
    upgrade = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: " + "a" * 22 + "==",
        "Sec-WebSocket-Version: 13",
    ]
    with sent(own, "GET /api/v1/runs HTTP/1.1", *upgrade, token=False) as connection:
        assert " 401 " in first_line(connection)
    with sent(own, "no HTTP at all", token=False) as connection:
        assert " 400 " in first_line(connection)
    assert own.call("GET", "/healthz").status == 200
    own.end(signal.SIGTERM)
    assert [line for line in own.lines[1:] if "admin token" not in line] == []


def test_event_streams_are_limited_also_when_they_come_at_once(own: Server) -> None:
    run = own.submit(SLEEP)
    line, more = f"GET /api/v1/runs/{run}/logs?follow=1 HTTP/1.1", 30

    def opened(_: int) -> str:
        with sent(own, line) as connection:
            answer = first_line(connection)
            if " 200 " in answer:
                kept.append(connection.dup())
        return answer.split()[1]

    kept: list[socket.socket] = []
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(opened, range(logs.STREAMS + more)))
    try:
        assert (found.count("200"), found.count("503")) == (logs.STREAMS, more)
    finally:
        for connection in kept:
            connection.close()

    def freed() -> bool:
        with sent(own, line) as connection:
            return " 200 " in first_line(connection)

    until(freed, 10, "the places of streams whose clients are gone are free again")


def test_one_idempotency_key_gives_one_run_whoever_is_first(server: Server) -> None:
    def submit(_: int) -> tuple[int, str]:
        answer = server.post("/runs", {"source": HELLO, "idempotency_key": "once and for all"})
        return answer.status, answer.json["run"]

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(submit, range(20)))
    assert sorted(status for status, _ in found) == [200] * 19 + [201]
    assert len({run for _, run in found}) == 1
