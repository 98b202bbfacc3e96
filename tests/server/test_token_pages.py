"""The pages of tokens and of the audit log."""

import re
import time

import pytest
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.pages import HOSTILE, Browser, submit
from support.server import HELLO
from support.tokens import bearer

from .conftest import TOKEN

FIELDS = {"name": "ci", "scope": ["read", "run"], "namespace": "default", "days": "30"}


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def secret_in(page: str) -> str:
    (found,) = re.findall(r"flow_[A-Za-z0-9_-]{43}", page)
    return str(found)


def token_of(state: StateFolder, namespace: str, *scopes: str, expires_at: float | None = None) -> str:
    return bearer(state, namespace, *scopes, expires_at=expires_at)["Authorization"].removeprefix("Bearer ")


def test_a_token_is_made_shown_once_and_revoked(client: TestClient, browser: Browser) -> None:
    secret = secret_in(browser.post("/tokens", FIELDS, 201).text)
    used = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/runs", headers=used).status_code == 200
    assert client.get("/api/v1/tokens", headers=used).status_code == 403
    page = browser.get("/tokens").text
    assert secret not in page
    (revoke,) = re.findall(r'action="(/tokens/\w+/revoke)"', page)
    browser.post(revoke)
    assert client.get("/api/v1/runs", headers=used).status_code == 401
    assert "revoked" in browser.get("/tokens").text
    browser.post(revoke, status=404)


def test_a_wrong_token_is_told_beside_the_form(client: TestClient, browser: Browser) -> None:
    none: list[str] = []
    for wrong in (
        {"name": ""},
        {"name": "x" * 101},
        {"scope": none},
        {"scope": "all"},
        {"namespace": "A/b"},
        {"days": "soon"},
    ):
        assert 'role="alert"' in browser.post("/tokens", {**FIELDS, **wrong}, 422).text
    assert client.get("/api/v1/tokens").json() == {"tokens": []}


def test_a_token_lasts_no_longer_than_what_its_maker_logged_in_with(client: TestClient, state: StateFolder) -> None:
    """Those that were made on the pages ended with the session, after a week at most."""
    ends = time.time() + 20 * 86400
    Browser(client, TOKEN).post("/tokens", {**FIELDS, "name": "long", "days": "365"}, 201)
    short = Browser(client, token_of(state, "*", expires_at=ends))
    short.post("/tokens", {**FIELDS, "name": "short", "days": "365"}, 201)
    short.post("/tokens", {**FIELDS, "name": "never", "days": ""}, 201)
    kept = {one["name"]: one["expires_at"] for one in client.get("/api/v1/tokens").json()["tokens"]}
    assert kept["long"][:10] == time.strftime("%Y-%m-%d", time.gmtime(time.time() + 365 * 86400))
    assert kept["short"] == kept["never"] == kept["test"]


def test_nobody_gives_away_more_than_they_have_nor_sees_other_namespaces(
    client: TestClient, state: StateFolder
) -> None:
    theirs = Browser(client, token_of(state, "b"))
    theirs.post("/tokens", {**FIELDS, "name": "theirs", "namespace": "b"}, 201)
    mine = Browser(client, token_of(state, "a", "read", "admin"))
    page = mine.get("/tokens").text
    assert "theirs" not in page
    assert set(re.findall(r'name="scope" value="(\w+)"', page)) == {"read", "admin"}
    for more in ({"scope": "run"}, {"scope": "read", "namespace": "b"}, {"scope": "read", "namespace": "*"}):
        assert 'role="alert"' in mine.post("/tokens", {**FIELDS, **more}, 403).text
    reader = Browser(client, token_of(state, "a", "read"))
    assert 'href="/tokens"' not in reader.get("/").text
    for path in ("/tokens", "/audit"):
        assert "needs the scope `admin`" in reader.get(path, 403).text


def test_the_audit_log_is_shown_in_pages_and_escaped(client: TestClient, browser: Browser, state: StateFolder) -> None:
    browser.post("/tokens", {**FIELDS, "name": HOSTILE}, 201)
    page = browser.get("/tokens").text
    assert ("&lt;script&gt;alert(1)" in page, "<script>alert" in page) == (True, False)
    named = {"Authorization": f"Bearer {secret_in(browser.post('/tokens', {**FIELDS, 'name': HOSTILE}, 201).text)}"}
    client.post("/api/v1/runs", json={"source": HELLO}, headers=named)
    client.get("/api/v1/runs", headers={"Authorization": f"Bearer {HOSTILE[:50]}", "User-Agent": HOSTILE})
    submit(client, HELLO)
    page = browser.get("/audit").text
    assert ("POST /api/v1/runs" in page, "&lt;script&gt;alert(1)" in page) == (True, True)
    assert "<script>alert" not in page
    first = browser.get("/audit?limit=2").text
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert browser.get(older.replace("&amp;", "&")).text != first
    assert "No entry is like this" in browser.get("/audit?subject=nobody").text
