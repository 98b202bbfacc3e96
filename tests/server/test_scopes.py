"""What each scope opens, personal tokens, the audit log, rates and the policy of executors."""

import json
import time
from contextlib import closing
from typing import Any

import pytest
from flow_engine.access import AuditEntry, AuditFilter
from flow_engine.errors import StoreError
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app, routes
from flow_server.auth.limits import Buckets
from flow_server.auth.principal import SCOPES
from flow_server.auth.scopes import NEEDS, OPEN, guarded
from flow_server.auth.settings import access_settings
from flow_server.auth.tokens import PREFIX
from flow_server.gate import is_api
from flow_server.problem import ServerError
from starlette.routing import Route
from starlette.testclient import TestClient
from support.plans import plan, task
from support.server import HELLO
from support.tokens import bearer
from support.world import World, broken

from .conftest import TOKEN

CALL = 'flow 1\nworkflow w -> json { task ask -> json { http GET "http://127.0.0.1:9/" }\n return ask }\n'
NAMES = {
    "run": "01abc", "task": "greet", "format": "svg", "digest": "0" * 64, "name": "hello", "event": "paid",
    "letter": "01abc:0:1", "token": "0" * 16, "role": "worker", "rule": "ops",
}  # fmt: skip


def audit(state: StateFolder, **wanted: Any) -> list[AuditEntry]:
    with closing(open_store(state)) as store:
        return store.access.audit(AuditFilter(**wanted))


def every_need() -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for route in routes()
        if isinstance(route, Route) and route.path not in OPEN
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def test_each_route_is_opened_by_its_scope_alone(client: TestClient, state: StateFolder) -> None:
    """`*` is the namespace, so that nothing but the scope decides."""
    tokens = {scope: bearer(state, "*", scope, name=scope) for scope in SCOPES}
    cookies = {}
    client.headers.pop("authorization")
    for scope, header in tokens.items():
        answer = client.post("/login", data={"token": header["Authorization"].removeprefix("Bearer ")})
        assert answer.status_code == (303 if scope == "read" else 403)
        cookies[scope] = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        client.cookies.clear()
    for method, path in every_need():
        for scope in SCOPES:
            if not is_api(path) and not cookies[scope]:
                continue
            headers = tokens[scope] if is_api(path) else {"Cookie": cookies[scope]}
            answer = client.request(method, path.format(**NAMES), headers=headers)
            missing = answer.status_code == 403 and "missing" in answer.text.lower() and "scope" in answer.text
            assert missing == (NEEDS[(method, path)] != scope), f"{method} {path} with {scope}: {answer.text[:300]}"
            if missing and is_api(path):
                assert answer.json()["scope"] == NEEDS[(method, path)]
    assert {need for need in NEEDS if need not in every_need()} == set(), "a scope of a route that is gone"


def test_a_route_without_a_scope_is_not_served() -> None:
    async def endpoint(_: Any) -> None: ...

    with pytest.raises(ServerError, match="GET /api/v1/new names no scope"):
        guarded([Route("/api/v1/new", endpoint)])


def test_a_session_shows_what_its_token_may_do_and_ends_with_it(client: TestClient, state: StateFolder) -> None:
    run = client.post("/api/v1/runs", json={"source": HELLO}).json()["run"]
    admin = dict(client.headers)
    client.headers.pop("authorization")
    made = client.post("/api/v1/tokens", json={"name": "eyes", "scopes": ["read"]}, headers=admin).json()
    assert client.post("/login", data={"token": made["secret"]}).status_code == 303
    page = client.get(f"/runs/{run}")
    assert (page.status_code, "Cancel run" in page.text, "Log out" in page.text) == (200, False, True)
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert client.post(f"/runs/{run}/cancel", data={"csrf": csrf}).status_code == 403
    assert client.get(f"/api/v1/runs/{run}", headers=admin).json()["cancel_requested_at"] is None
    assert client.delete(f"/api/v1/tokens/{made['token']}", headers=admin).status_code == 204
    assert client.get(f"/runs/{run}").status_code == 303


def test_a_token_is_made_used_listed_and_revoked(client: TestClient, state: StateFolder) -> None:
    body = {"name": "ci", "scopes": ["run", "read"], "namespace": "team-a", "expires_in": 3600}
    made = client.post("/api/v1/tokens", json=body)
    assert made.status_code == 201
    document = made.json()
    secret = document.pop("secret")
    assert secret.startswith(PREFIX)
    assert (document["namespace"], document["scopes"], document["created_by"]) == ("team-a", ["read", "run"], "admin")
    mine = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/runs", headers=mine).status_code == 200
    listed = client.get("/api/v1/tokens")
    assert secret not in listed.text
    assert [one["last_used_at"] is not None for one in listed.json()["tokens"]] == [True]
    with open(state.database, "rb") as stream:
        assert secret.encode() not in stream.read()
    assert client.delete(f"/api/v1/tokens/{document['token']}").status_code == 204
    refused = client.get("/api/v1/runs", headers=mine)
    assert (refused.status_code, "was revoked" in refused.text) == (401, True)
    assert client.delete(f"/api/v1/tokens/{document['token']}").status_code == 404


def test_a_token_gives_nothing_that_its_maker_has_not(client: TestClient, state: StateFolder) -> None:
    mine = bearer(state, "a", "admin", "read", expires_at=time.time() + 600)

    def made(**body: Any) -> Any:
        return client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"], **body}, headers=mine)

    for wrong in ({"scopes": ["run"]}, {"namespace": "b"}, {"namespace": "*"}):
        assert made(**wrong).status_code == 403, wrong
    for wrong in ({"scopes": []}, {"scopes": ["root"]}, {"scopes": [1]}, {"scopes": [[]]}, {"name": ""},
                  {"name": "a\nb"}, {"namespace": "A"}, {"namespace": "a/b"}, {"expires_in": 0}):  # fmt: skip
        assert made(**wrong).status_code == 422, wrong
    of_admin = client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]}).json()
    assert of_admin["namespace"] == "default", "all of them only where that is asked for"
    document = made().json()
    assert document["namespace"] == "a"
    assert document["expires_at"] is not None, "it ends with the token that made it"
    assert made(expires_in=10**6).json()["expires_at"] == document["expires_at"]


def test_tokens_that_do_not_hold_are_refused_with_the_reason(client: TestClient, state: StateFolder) -> None:
    expired = bearer(state, "a", expires_at=time.time() - 1)
    for header, why in (
        (expired, "has expired"),
        ({"Authorization": f"Bearer {PREFIX}{'x' * 43}"}, "no such token"),
        ({"Authorization": f"Bearer {PREFIX}x"}, "copy all of it"),
        ({"Authorization": f"Bearer {'x' * 9000}"}, "no token of this server"),
        ({"Authorization": "Bearer a.b.c"}, "no token of this server"),
    ):
        answer = client.get("/api/v1/runs", headers=header)
        assert (answer.status_code, why in answer.json()["detail"]) == (401, True), answer.text
        assert "invalid_token" in answer.headers["www-authenticate"]


def test_the_audit_log_tells_who_did_what_and_who_was_refused(client: TestClient, state: StateFolder) -> None:
    run = client.post("/api/v1/runs", json={"source": HELLO}, headers={"X-Request-ID": "first"}).json()["run"]
    other = bearer(state, "a", "run", name="bob")
    assert client.post(f"/api/v1/runs/{run}/cancel", headers=other).status_code == 404
    client.get("/api/v1/runs")
    client.post("/api/v1/check", json={"source": HELLO})
    client.get("/api/v1/runs", headers={"Authorization": "Bearer a-wrong-secret-one"})
    client.post("/login", data={"token": "a-wrong-secret-two"})
    client.post("/login", data={"token": TOKEN})
    told = [(one.subject, one.way, one.action, one.status) for one in reversed(audit(state))]
    assert told == [
        ("admin", "admin", "POST /api/v1/runs", 201),
        ("token:bob", "token", "POST /api/v1/runs/{run}/cancel", 404),
        ("", "", "GET (refused)", 401),
        ("", "", "POST (refused)", 403),
        ("admin", "admin", "POST /login", 303),
    ]
    first = client.get("/api/v1/audit?limit=2").json()
    assert [entry["action"] for entry in first["entries"]] == ["POST /login", "POST (refused)"]
    rest = client.get(f"/api/v1/audit?cursor={first['next_cursor']}").json()
    assert rest["next_cursor"] is None
    submitted = rest["entries"][-1]
    assert (submitted["target"], submitted["request"]) == (f"/api/v1/runs/{run}", "first")
    assert submitted["address"] == "testclient"
    of_bob = client.get("/api/v1/audit?subject=token:bob").json()["entries"]
    assert [(entry["namespace"], entry["target"]) for entry in of_bob] == [("a", f"/api/v1/runs/{run}/cancel")]
    text = client.get("/api/v1/audit").text
    for secret in ("a-wrong-secret", TOKEN, PREFIX):
        assert secret not in text
    of_a = client.get("/api/v1/audit", headers=bearer(state, "a")).json()["entries"]
    assert {entry["namespace"] for entry in of_a} == {"a"}


def test_what_cannot_be_noted_is_told_in_the_log_and_answered(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("flow_engine.stores.access.SqlAccess.note", broken)
    assert client.post("/api/v1/runs", json={"source": HELLO}).status_code == 201
    assert "not in the audit log (the disk is full): admin POST /api/v1/runs" in caplog.text


def test_entries_that_are_too_old_go(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_AUDIT_DAYS", "2")
    old = AuditEntry(time.time() - 3 * 86400, "ada", "jwt", "a", "", "POST /api/v1/runs", "", 201, "r")
    with closing(open_store(state)) as store:
        store.access.note([old, old._replace(at=time.time() - 86400, subject="bob")])
    with TestClient(create_app(state, TOKEN), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        client.put("/api/v1/pools/api", json={"slots": 1})
    assert [entry.subject for entry in audit(state)] == ["admin", "bob"]


def test_too_many_wrong_tokens_of_an_address_are_refused_and_right_ones_go_on(
    client: TestClient, state: StateFolder
) -> None:
    known, wrong = bearer(state, "a", "read"), {"Authorization": "Bearer wrong"}
    assert client.get("/api/v1/runs", headers=known).status_code == 200
    answers = [client.get("/api/v1/runs", headers=wrong)]
    assert answers[0].status_code == 401
    while answers[-1].status_code != 429 and len(answers) < 1000:  # on a slow machine more are allowed meanwhile
        answers.append(client.get("/api/v1/runs", headers=wrong))
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert client.post("/login", data={"token": "wrong"}).status_code == 429
    assert client.get("/api/v1/runs", headers=known).status_code == 200, "it was right before"
    entries = len(audit(state, limit=1000))
    client.get("/api/v1/runs", headers=wrong)
    assert len(audit(state, limit=1000)) == entries, "what is one too many does not fill the log"


def test_one_principal_does_not_take_the_requests_of_another(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_RATE_LIMIT", "0.5")
    first, second = bearer(state, "a", name="one"), bearer(state, "a", name="two")
    with TestClient(create_app(state, TOKEN)) as client:
        assert client.get("/api/v1/runs", headers=first).status_code == 200
        refused = client.get("/api/v1/runs", headers=first)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert client.get("/api/v1/runs", headers=second).status_code == 200


def test_a_bucket_fills_again_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flow_server.auth.limits.MOST", 2)
    now = [0.0]
    buckets = Buckets(2.0, 2.0, lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    now[0] = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0.0, 0.5]
    now[0] = 1000.0
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 0.5], "no more than the burst is saved"
    for key in ("b", "c"):
        buckets.take(key)
    assert buckets.take("a") == 0.0


def test_a_namespace_uses_the_executors_that_its_policy_allows(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_POLICY", json.dumps({"builders": ["shell"]}))
    new, builders = bearer(state, "new"), bearer(state, "builders")
    deployed = HELLO.replace(" {\n", ' {\n  schedule = cron("0 2 * * *")\n', 1)
    secret = CALL.replace("{ task", '{\n  secret token = env("HOME")\n  task').replace(
        '/" }', '/" { header "X" = token } }'
    )
    with TestClient(create_app(state, TOKEN)) as client:

        def sent(header: dict[str, str], source: str) -> Any:
            return client.post("/api/v1/runs", json={"source": source}, headers=header)

        refused = sent(new, HELLO)
        assert (refused.status_code, refused.json()["executor"]) == (403, "shell")
        assert "task greet of hello is of kind shell" in refused.json()["detail"]
        body = {"source": HELLO, "runs": [{}, {}]}
        assert client.post("/api/v1/runs/bulk", json=body, headers=new).status_code == 403
        assert client.put("/api/v1/workflows/hello", json={"source": deployed}, headers=new).status_code == 403
        assert client.get("/api/v1/runs", headers=new).json()["runs"] == []
        assert sent(new, CALL).status_code == 201
        assert sent(new, secret).json()["executor"] == "secrets", sent(new, secret).text
        assert sent(builders, HELLO).status_code == 201
        assert sent(builders, CALL).json()["executor"] == "http"
        assert sent({"Authorization": f"Bearer {TOKEN}"}, HELLO).status_code == 201


def test_a_policy_holds_for_the_administrator_too(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_POLICY", '{"default": ["http"], "*": ["*"]}')
    admin = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(create_app(state, TOKEN)) as client:
        assert client.post("/api/v1/runs", json={"source": HELLO}, headers=admin).status_code == 403
        with closing(open_store(state)) as store:
            world = World(store)
            run = world.start(plan(task("a")))
            world.tick()
            world.tick(world.end("a", broken()))
            world.finish(run)
        again = client.post(f"/api/v1/runs/{run}/retry", json={}, headers=admin)
        assert (again.status_code, again.json()["executor"]) == (403, "shell")
        chosen = {**admin, "X-Flow-Namespace": "anything"}
        assert client.post("/api/v1/runs", json={"source": HELLO}, headers=chosen).status_code == 201


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"FLOW_POLICY": "{"}, "is not a policy"),
        ({"FLOW_POLICY": '{"A/b": []}'}, "is no namespace"),
        ({"FLOW_POLICY": '{"a": "shell"}'}, "a list of executors"),
        ({"FLOW_POLICY": "/nowhere/at/all"}, "cannot be read"),
        ({"FLOW_RATE_LIMIT": "fast"}, "FLOW_RATE_LIMIT"),
        ({"FLOW_AUDIT_DAYS": "-1"}, "FLOW_AUDIT_DAYS"),
        ({"FLOW_JWT_KEY": "short", "FLOW_JWT_AUDIENCE": "flow"}, "less than 32 bytes"),
        ({"FLOW_JWT_KEY": "x" * 40}, "FLOW_JWT_AUDIENCE"),
        ({"FLOW_JWT_AUDIENCE": "flow"}, "FLOW_JWT_KEY"),
        ({"FLOW_JWT_JWKS": "http://issuer.example/keys", "FLOW_JWT_AUDIENCE": "flow"}, "https://"),
        ({"FLOW_JWT_JWKS": "file:///etc/passwd", "FLOW_JWT_AUDIENCE": "flow"}, "https://"),
    ],
)
def test_a_wrong_setting_is_told_and_shows_no_secret(settings: dict[str, str], why: str) -> None:
    with pytest.raises(ServerError, match=why) as error:
        access_settings(settings)
    assert settings.get("FLOW_JWT_KEY", "-----") not in str(error.value)
