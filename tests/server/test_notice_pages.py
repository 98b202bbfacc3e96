"""The page of notices: rules, their trial against a real receiver, and what could not be delivered."""

import json
import re
import time
from contextlib import closing

import pytest
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from starlette.testclient import TestClient
from support.pages import HOSTILE, Browser, fail, submit
from support.server import HELLO
from support.service import Reply, service
from support.tokens import bearer

from .conftest import TOKEN

RULE = {"name": "ops", "event": ["run.failed", "task.failed"], "to": "ada@example.com, bob@example.com"}


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def test_a_rule_is_added_replaced_and_removed(browser: Browser) -> None:
    assert "Nobody is told of anything yet" in browser.get("/notices").text
    browser.post("/notices", RULE)
    assert "mail to ada@example.com, bob@example.com" in browser.get("/notices").text
    browser.post("/notices", {"name": "ops", "url": "https://user:pass@hooks.example.com/T0K3N", "workflow": "w"})
    page = browser.get("/notices").text
    assert ("webhook at hooks.example.com" in page, "T0K3N" in page, "ada@" in page) == (True, False, False)
    browser.post("/notices", {"name": HOSTILE, "url_env": "HOOK", "secret_env": "KEY", "workflow": HOSTILE})
    page = browser.get("/notices").text
    assert ("&lt;script&gt;alert(1)" in page, "<script>alert" in page) == (True, False)
    browser.post("/notices/remove", {"name": "ops", "namespace": "default"})
    browser.post("/notices/remove", {"name": "ops", "namespace": "default"}, 404)
    assert "hooks.example.com" not in browser.get("/notices").text


WRONG = [
    ({"name": ""}, "1 to 100 printable"),
    ({"event": "run.exploded"}, "no event"),
    ({"to": "nobody"}, "no mail address"),
    ({"to": ""}, "say where to"),
    ({"url": "https://example.com"}, "one of these"),
    ({"to": "", "url": "ftp://example.com"}, "is no URL"),
    ({"to": "", "url_env": "A=B"}, "no name of an environment variable"),
]


def test_a_wrong_rule_is_told_beside_the_form(browser: Browser) -> None:
    for wrong, why in WRONG:
        page = browser.post("/notices", {**RULE, **wrong}, 422).text
        assert why in page.replace("&#39;", "'")
        assert "Nobody is told of anything yet" in page


def test_a_rule_is_tried_out(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(lambda _: Reply(204)) as receiver:
        browser.post("/notices", {"name": "chat", "url": receiver.url + "/hook"})
        again = {"name": "chat", "namespace": "default"}
        assert "could not be told" in browser.post("/notices/test", again, 502).text  # a private address
        monkeypatch.setenv("FLOW_NOTIFY_PRIVATE", "1")
        assert "chat has been told" in browser.post("/notices/test", again, 200).text
    (seen,) = receiver.seen
    assert json.loads(seen.body)["message"] == "nothing has failed: this was sent by the page of notices"
    browser.post("/notices/test", {"name": "nobody"}, 404)


def test_what_could_not_be_delivered_is_shown_and_tried_again(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    browser.post("/notices", RULE)
    run = submit(client, HELLO)
    fail(state, run)
    with closing(open_store(state)) as store:
        for notice in store.notices.claim("r1", 9, time.time(), time.time() + 9):
            assert store.notices.give_up("r1", notice.number, f"no such mailbox {HOSTILE}", time.time())
    page = browser.get("/notices").text
    assert "2 notices could not be delivered" in page
    assert (run in page, "<script>alert" in page) == (True, False)
    browser.post("/notices/retry")
    assert "could not be delivered" not in browser.get("/notices").text
    with closing(open_store(state)) as store:
        assert store.notices.backlog().notices == 2


def test_rules_are_of_their_namespace(client: TestClient, state: StateFolder, browser: Browser) -> None:
    mine, theirs = (Browser(client, bearer(state, name)["Authorization"].removeprefix("Bearer ")) for name in "ab")
    theirs.post("/notices", {**RULE, "name": "theirs"})
    assert "theirs" not in mine.get("/notices").text
    for action in ("remove", "test"):
        mine.post(f"/notices/{action}", {"name": "theirs", "namespace": "b"}, 404)
    assert "for those who see all namespaces" in mine.post("/notices", {"name": "x", "url_env": "SLACK_URL"}, 422).text
    assert 'name="url_env"' not in mine.get("/notices").text
    assert "theirs" in theirs.get("/notices").text
    operator = Browser(client, bearer(state, "a", "read", "operate")["Authorization"].removeprefix("Bearer "))
    assert "needs the scope `admin`" in operator.get("/notices", 403).text
    assert re.search(r'href="/notices"', operator.get("/").text) is None
