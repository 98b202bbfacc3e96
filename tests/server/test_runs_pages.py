"""The list of runs and what is done to many of them, without a worker: runs stay queued unless they are ended by hand."""

import re

import pytest
from flow_engine.model import Awaits
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.pages import HOSTILE, Browser, fail, hidden, submit, suspend
from support.server import HELLO
from support.tokens import bearer

from .conftest import TOKEN

EMPTY = "flow 1\nworkflow none(n: int = 1) -> int { return n }\n"
LABEL = HOSTILE[:60]


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def rows(text: str) -> list[str]:
    return re.findall(r'<tr id="run-([^"]+)"', text)


def test_the_url_keeps_the_filter(client: TestClient, browser: Browser, state: StateFolder) -> None:
    first, second, other = submit(client, HELLO, "a"), submit(client, HELLO, LABEL), submit(client, EMPTY, "a")
    assert rows(browser.get("/").text) == [other, second, first]
    for query, found in (
        ("workflow=hello", [second, first]),
        ("label=a", [other, first]),
        ("label=a&workflow=hello&state=queued&since=1h", [first]),
        ("since=2999-01-01", []),
        ("state=failed", []),
    ):
        assert rows(browser.get("/?" + query).text) == found
    page = browser.get("/?limit=2&label=a").text
    assert rows(page) == [other, first]
    page = browser.get("/?limit=1&workflow=hello").text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following is not None
    assert rows(browser.get(following[1].replace("&amp;", "&")).text) == [first]
    assert "must be" in browser.get("/?since=never", 422).text


def test_hostile_names_are_text(client: TestClient, browser: Browser, state: StateFolder) -> None:
    run = submit(client, HELLO, LABEL)
    fail(state, run, HOSTILE)
    page = browser.get("/").text
    assert page.count("&lt;script&gt;alert(1)") == 2
    assert "<script>alert" not in page
    page = browser.post("/runs/many", {"run": run, "action": "retry", "label": LABEL}, 200).text
    assert "<script>alert" not in page


def test_ticked_runs_are_cancelled_after_a_page_that_says_so(client: TestClient, browser: Browser) -> None:
    ones = [submit(client, HELLO) for _ in range(3)]
    fields = {"run": ones[:2], "action": "cancel"}
    asked = browser.post("/runs/many", fields, 200).text
    assert "Cancel 2 runs?" in asked
    states = [client.get(f"/api/v1/runs/{run}").json()["cancel_requested_at"] for run in ones]
    assert states == [None] * 3
    names = re.findall(r'name="run" value="([^"]+)"', asked)
    told = browser.post("/runs/many", {"run": names, "action": "cancel", "sure": "1"}, 200).text
    assert "2 runs being cancelled" in told
    states = [client.get(f"/api/v1/runs/{run}").json()["cancel_requested_at"] for run in ones]
    assert [at is None for at in states] == [False, False, True]
    assert "no run was chosen" in browser.post("/runs/many", {"action": "cancel"}, 422).text
    assert "must be one of" in browser.post("/runs/many", {"action": "drop", "run": ones}, 422).text
    assert "1 run cannot be found" in browser.post("/runs/many", {"action": "cancel", "run": "01gone"}, 200).text


def test_all_that_a_filter_finds_are_tried_again(client: TestClient, browser: Browser, state: StateFolder) -> None:
    ones = [submit(client, HELLO, "nightly") for _ in range(4)]
    for run in ones[:3]:
        fail(state, run)
    fields = {"all": "1", "action": "retry", "label": "nightly"}
    assert "Retry 3 runs?" in browser.post("/runs/many", fields, 200).text
    assert "Retry 0 runs?" in browser.post("/runs/many", {**fields, "workflow": "x"}, 200).text
    client.post(f"/api/v1/runs/{ones[0]}/retry")  # somebody else was quicker
    told = browser.post("/runs/many", {"run": ones, "action": "retry", "sure": "1"}, 200).text
    assert "2 runs going on" in told
    assert "2 runs left as they are" in told
    assert "has not ended" in told
    assert all(client.get(f"/api/v1/runs/{run}").json()["state"] == "queued" for run in ones)


def test_what_is_confirmed_for_all_is_what_was_shown(client: TestClient, browser: Browser) -> None:
    shown = [submit(client, HELLO) for _ in range(2)]
    asked = browser.post("/runs/many", {"all": "1", "action": "cancel", "workflow": "hello"}, 200).text
    assert "Cancel 2 runs?" in asked
    later = submit(client, HELLO)
    assert "2 runs being cancelled" in browser.post("/runs/many", {**hidden(asked), "sure": "1"}, 200).text
    states = [client.get(f"/api/v1/runs/{run}").json()["cancel_requested_at"] for run in (*shown, later)]
    assert [at is None for at in states] == [False, False, True]


def test_a_page_in_which_something_may_be_written_does_not_load_itself_anew(
    client: TestClient, browser: Browser, state: StateFolder
) -> None:
    """Without JavaScript, what was typed would be lost."""
    source = 'flow 1\nworkflow waits { wait paid -> int { event = "paid" } }\n'
    run = submit(client, source)
    assert 'http-equiv="refresh"' in browser.get(f"/runs/{run}").text
    suspend(state, run, Awaits("event", "paid", "", None))
    page = browser.get(f"/runs/{run}").text
    assert "Waits for the event paid" in page
    assert 'http-equiv="refresh"' not in page


def test_buttons_are_those_that_fit_the_filter_and_the_scopes(client: TestClient, state: StateFolder) -> None:
    run = submit(client, HELLO)
    browser = Browser(client, TOKEN)
    reader = Browser(client, bearer(state, "default", "read")["Authorization"].removeprefix("Bearer "))
    assert set(re.findall(r'name="action" value="(\w+)"', browser.get("/").text)) == {"cancel", "retry"}
    assert set(re.findall(r'name="action" value="(\w+)"', browser.get("/?state=queued").text)) == {"cancel"}
    page = reader.get("/").text
    assert rows(page) == [run]
    assert re.findall(r'<form[^>]*method="post" action="([^"]+)"', page) == ["/logout"]
    assert 'type="checkbox"' not in page
    refused = reader.post("/runs/many", {"run": run, "action": "cancel", "sure": "1"}, 403).text
    assert "needs the scope `run`" in refused
