"""Whoever is of one namespace finds nothing of another, on any route."""

import inspect
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flow_engine.dead_letters.contract import LetterFilter
from flow_engine.stores.contract import RunFilter, Store
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app, routes
from flow_server.auth.namespace_store import NamespaceStore
from flow_server.gate import is_api
from starlette.routing import Route
from starlette.testclient import TestClient
from support.command import Project
from support.server import Server
from support.tokens import bearer
from support.world import World, broken

from .conftest import TOKEN

ASK = """flow 1
workflow asking(word: str = "hush") -> str {
  schedule = cron("0 2 * * *", tz = "Europe/Berlin")
  task greet -> str { shell "echo ~{word}" }
  wait release -> bool { approval = "Publish?" }
  wait paid { event = "paid" }
  return greet
}
"""
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
OF_WORKERS = {
    "abandon", "adopt", "adopt_all", "arrivals", "cached", "cancel_requests", "census", "close", "finish", "leave",
    "held", "leave_out", "loans", "mail", "mailbox", "notices", "owners", "set_pool", "tick", "unowned", "access",
}  # fmt: skip
BODIES: dict[str, Any] = {
    "/api/v1/runs": {"workflow": "asking"},
    "/api/v1/runs/bulk": {"workflow": "asking", "runs": [{}]},
    "/api/v1/runs/cancel": {"state": "running"},
    "/api/v1/runs/retry": {"state": "failed"},
    "/api/v1/check": {"source": ASK},
    "/api/v1/runs/{run}/approvals": {"approve": True},
    "/api/v1/runs/{run}/approvals/{task}": {"approve": True},
    "/api/v1/runs/{run}/signals/{event}": {"value": 1},
    "/api/v1/runs/{run}/retry": {},
    "/api/v1/runs/{run}/diff": {"source": ASK},
    "/api/v1/schedules/{name}/backfill": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"},
    "/api/v1/pools/{name}": {"slots": 3},
    "/api/v1/tokens": {"name": "x", "scopes": ["read"]},
}
OF_NAMES = re.compile(r"/schedules/\{name}|/workflows/\{name}|/rules/\{rule}")
ELSEWHERE = {"/logout", "/login", "/healthz", "/readyz", "/api/v1/folders/{digest}"}
"""No answer of these is made of what a namespace has: a folder is found by whoever knows the SHA-256 of its content."""
OWN = {("PUT", "/api/v1/workflows/{name}"), ("PUT", "/api/v1/notify/rules/{rule}")}
"""What is made in one's own namespace, whatever others have by this name."""


@pytest.fixture
def app(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Without a worker; its policy lets `a` and `b` do all."""
    monkeypatch.setenv("FLOW_POLICY", json.dumps({"a": ["*"], "b": ["*"]}))
    with TestClient(create_app(state, TOKEN), raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


class Theirs:
    """What a namespace has: a run with a failed task and its letter, and a schedule."""

    def __init__(self, client: TestClient, state: StateFolder, header: dict[str, str]) -> None:
        answer = client.post("/api/v1/runs", json={"source": ASK, "params": {"word": "hush-hush"}}, headers=header)
        assert answer.status_code == 201, answer.text
        self.run = answer.json()["run"]
        assert client.put("/api/v1/workflows/asking", json={"source": ASK}, headers=header).status_code == 200
        rule = client.put("/api/v1/notify/rules/their-rule", json={"mail": ["them@example.com"]}, headers=header)
        assert rule.status_code == 200
        answer = client.post("/api/v1/tokens", json={"name": "theirs", "scopes": ["read"]}, headers=header)
        self.token = answer.json()["token"]
        with closing(open_store(state, "w1")) as store:
            world = World(store, now=time.time())
            adopted = store.adopt("w1", self.run, world.now)
            assert adopted is not None
            world.hints += adopted.ready
            world.plans[self.run] = adopted.plan
            world.tick()
            world.tick(world.end("greet", broken()))
            (letter,) = store.letters.page(LetterFilter(namespace=store.run(self.run).namespace))
        self.letter = letter.id

    def names(self) -> dict[str, str]:
        return {"run": self.run, "letter": self.letter, "name": "asking", "token": self.token, "rule": "their-rule"}

    def state(self, state: StateFolder) -> Any:
        with closing(open_store(state)) as store:
            record = store.run(self.run)
            return (
                record,
                store.tasks(self.run, values=True),
                store.signals(self.run),
                store.schedules(record.namespace),
                store.letters.letter(self.letter),
                store.access.tokens(record.namespace),
                store.workflows(record.namespace),
                store.notices.rules(record.namespace),
                store.runs(RunFilter(namespace=record.namespace)),
            )


NOWHERE = {
    "run": "01zzzzzzzzzzzzzzzzzzzzzzzz",
    "letter": "01zzzzzzzzzzzzzzzzzzzzzzzz:0:1",
    "name": "nothing",
    "token": "0" * 16,
    "rule": "no-rule",
}
COMMON = {"role": "worker", "task": "greet", "format": "json", "digest": "0" * 64, "event": "paid"}


def api_and_pages() -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for route in routes()
        if isinstance(route, Route) and route.path not in ELSEWHERE
        for method in sorted((route.methods or set()) - {"HEAD"})
        if (method, route.path) not in OWN
    ]


def test_no_route_tells_or_changes_anything_of_another_namespace(app: TestClient, state: StateFolder) -> None:
    """What is of another namespace is answered as what is not there, to the letter."""
    theirs = Theirs(app, state, bearer(state, "b"))
    before = theirs.state(state)
    mine = bearer(state, "a")
    session = app.post("/login", data={"token": mine["Authorization"].removeprefix("Bearer ")})
    assert session.status_code == 303
    page = dict(app.cookies)
    csrf = app.app.state.services.sessions.csrf(next(iter(page.values())))  # type: ignore[attr-defined]
    app.cookies.clear()

    def asked(method: str, path: str, names: dict[str, str]) -> tuple[int, str]:
        url = path.format(**COMMON, **names)
        if not is_api(path):
            cookie = "; ".join(f"{name}={value}" for name, value in page.items())
            body = {"csrf": csrf, "answer": "yes"} if method == "POST" else None
            answer = app.request(method, url, headers={"Cookie": cookie, "X-Request-ID": "r"}, data=body)
        else:
            body = {"letters": [names["letter"]]} if path.endswith("/replay") else BODIES.get(path)
            answer = app.request(method, url, headers={**mine, "X-Request-ID": "r"}, json=body)
        text = answer.text
        for name in names.values():
            text = text.replace(name, "?")
        return answer.status_code, text

    for method, path in api_and_pages():
        found, absent = asked(method, path, theirs.names()), asked(method, path, NOWHERE)
        if "{run}" in path or "{letter}" in path or "{token}" in path or OF_NAMES.search(path):
            assert found == absent, f"{method} {path}"
            assert found[0] == 404, f"{method} {path}: {found}"
        for secret in (theirs.run, theirs.run[:20], theirs.token, "hush-hush", "theirs", "them@example.com"):
            assert secret not in found[1], f"{method} {path}"
        assert found[0] < 500, f"{method} {path}: {found}"
    short = {**theirs.names(), "run": theirs.run[:24], "name": "b%2Fasking"}
    for method, path in api_and_pages():
        if "{run}" in path or OF_NAMES.search(path):
            assert asked(method, path, short)[0] == 404, f"{method} {path}"
    for header in (mine, bearer(state, "default")):  # the id in the store of one of `default` is its name alone
        answer = app.post("/api/v1/runs", json={"workflow": "b/asking"}, headers=header)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:flow:problem:unknown-workflow")
    assert theirs.state(state) == before


def test_who_sees_all_is_led_to_the_workflow_of_each_namespace(app: TestClient, state: StateFolder) -> None:
    for name in ("a", "b"):
        source = ASK.replace("task greet", f"## of {name}\n  task greet")
        assert (
            app.put("/api/v1/workflows/asking", json={"source": source}, headers=bearer(state, name)).status_code == 200
        )
    assert app.post("/login", data={"token": TOKEN}).status_code == 303
    listed = app.get("/workflows").text
    for name in ("a", "b"):
        assert f'href="/workflows/{name}~asking"' in listed
        page = app.get(f"/workflows/{name}~asking")
        assert page.status_code == 200
        assert f"of {name}" in page.text
        assert f"It is of the namespace {name}" in page.text
        csrf = app.app.state.services.sessions.csrf(next(iter(app.cookies.values())))  # type: ignore[attr-defined]
        refused = app.post(f"/workflows/{name}~asking/start", data={"csrf": csrf})
        assert (refused.status_code, "log in with a token of it" in refused.text) == (403, True)
    found = app.get("/search", params={"q": "a/asking"}).text
    assert "/workflows/a~asking" in found


def test_one_namespace_has_its_own_things_and_the_administrator_all(app: TestClient, state: StateFolder) -> None:
    first, second = Theirs(app, state, bearer(state, "a")), Theirs(app, state, bearer(state, "b"))
    mine = bearer(state, "a")
    for method, path in api_and_pages():
        if method == "GET" and is_api(path) and not path.endswith(("/result", "/events")) and path != "/metrics":
            answer = app.get(path.format(**COMMON, **first.names()), headers=mine)
            assert answer.status_code in (200, 405), f"{path}: {answer.text}"
    assert [run["run"] for run in app.get("/api/v1/runs", headers=mine).json()["runs"]] == [first.run]
    assert app.get(f"/api/v1/runs/{first.run[:20]}", headers=mine).status_code in (200, 400)
    every = app.get("/api/v1/runs", headers=ADMIN).json()["runs"]
    assert [run["run"] for run in every] == [second.run, first.run]
    assert len(app.get("/api/v1/dead-letters", headers=ADMIN).json()["letters"]) == 2
    names = [one["schedule"] for one in app.get("/api/v1/schedules", headers=ADMIN).json()["schedules"]]
    assert names == ["a/asking", "b/asking"]
    chosen = {**ADMIN, "X-Flow-Namespace": "b"}
    assert [run["run"] for run in app.get("/api/v1/runs", headers=chosen).json()["runs"]] == [second.run]
    assert app.get(f"/api/v1/runs/{first.run}", headers=chosen).status_code == 404
    assert app.post("/api/v1/schedules/asking/pause", headers=chosen).json()["changed"] is True
    assert app.get("/api/v1/runs", headers={**mine, "X-Flow-Namespace": "b"}).status_code == 403
    assert app.get("/api/v1/runs", headers={**ADMIN, "X-Flow-Namespace": "b/c"}).status_code == 422


def test_pages_of_runs_go_over_all_namespaces_in_order(app: TestClient, state: StateFolder) -> None:
    source = 'flow 1\nworkflow w { task a { shell "true" } }\n'
    made = []
    for number in range(9):
        header = {**ADMIN, "X-Flow-Namespace": "ab"[number % 2]} if number % 3 else ADMIN
        made.append(app.post("/api/v1/runs", json={"source": source}, headers=header).json()["run"])
    found, cursor = [], ""
    while cursor is not None:
        page = app.get(f"/api/v1/runs?limit=2&cursor={cursor}", headers=ADMIN).json()
        found += [run["run"] for run in page["runs"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]


def test_an_idempotency_key_is_of_its_namespace(app: TestClient, state: StateFolder) -> None:
    body = {"source": ASK, "idempotency_key": "once"}
    first = app.post("/api/v1/runs", json=body, headers=bearer(state, "a"))
    second = app.post("/api/v1/runs", json=body, headers=bearer(state, "b"))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["run"] != second.json()["run"]


def test_every_method_of_a_store_is_limited_or_left_out() -> None:
    """One that is new has to be thought of: it is limited to the namespace, or named above as one of workers."""

    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(Store) - OF_WORKERS == methods(NamespaceStore)
    for name in sorted(methods(NamespaceStore) - {"letters"}):
        wanted = inspect.signature(getattr(Store, name)).parameters
        assert list(inspect.signature(getattr(NamespaceStore, name)).parameters) == list(wanted), name


CHILD = """flow 1
workflow inner -> str { task a -> str { shell "echo inside" }; return a }
workflow outer -> str { call x = inner(); return x }
"""


def test_a_run_of_a_namespace_is_worked_on_with_its_child_and_stays_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_POLICY", json.dumps({"team-a": ["shell"]}))
    with Server(Project(tmp_path / "team")) as server:
        body = {"name": "ci", "scopes": ["read", "run"], "namespace": "team-a"}
        mine, token = server.token, server.post("/tokens", body).json["secret"]
        server.token = token
        run = server.submit(CHILD, workflow="outer")
        assert server.wait(run, "succeeded")["result"] == "inside"
        assert len(server.get("/runs").json["runs"]) == 2
        server.token = mine
        assert len(server.get("/runs").json["runs"]) == 2
        assert server.get("/runs", **{"X-Flow-Namespace": "default"}).json["runs"] == []
