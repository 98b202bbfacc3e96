"""One box that takes any id."""

from urllib.parse import quote

import pytest
from flow_runtime.state_folder import StateFolder
from flow_runtime.trace_ids import trace_id, traceparent
from starlette.testclient import TestClient
from support.pages import HOSTILE, Browser, fail, submit
from support.server import HELLO
from support.tokens import bearer

from .conftest import TOKEN

EMPTY = "flow 1\nworkflow none(n: int = 1) -> int { return n }\n"
SCHEDULED = 'flow 1\nworkflow nightly {\n  schedule = cron("0 2 * * *")\n  task a { shell "true" }\n}\n'


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def test_each_id_leads_to_what_it_is_of(client: TestClient, state: StateFolder, browser: Browser) -> None:
    run = submit(client, HELLO)
    fail(state, run)
    keyed = {"source": HELLO, "idempotency_key": "greet ada"}
    other = client.post("/api/v1/runs", json=keyed).json()["run"]
    for text, place in (
        (run, f"/runs/{run}"),
        (f"  {run[:25]} ", f"/runs/{run}"),
        (f"{run}:0:1", f"/dead-letters/{run}%3A0%3A1"),
        (f"{run} greet", f"/runs/{run}/tasks/greet"),
        (f"{run}/tasks/greet", f"/runs/{run}/tasks/greet"),
        ("hello", "/?workflow=hello"),
        ("greet ada", f"/runs/{other}"),
        (trace_id(run), f"/runs/{run}"),
        (traceparent(other, 0, 1), f"/runs/{other}"),
    ):
        answer = browser.get(f"/search?q={quote(text)}", 303)
        assert answer.headers["location"] == place


def test_several_are_a_list_and_none_says_what_was_looked_for(client: TestClient, browser: Browser) -> None:
    ones = [submit(client, HELLO) for _ in range(2)]
    page = browser.get(f"/search?q={ones[0][:6]}").text
    assert "2 meanings of" in page
    assert all(f'href="/runs/{run}"' in page for run in ones)
    assert client.put("/api/v1/workflows/nightly", json={"source": SCHEDULED}).status_code == 200
    page = browser.get("/search?q=nightly").text
    assert ('href="/schedules/nightly"' in page, 'href="/workflows/nightly"' in page) == (True, True)
    assert "Nothing is called “nowhere”" in browser.get("/search?q=nowhere").text
    assert "/?label=nowhere" in browser.get("/search?q=nowhere").text
    assert "<h1>Search</h1>" in browser.get("/search?q=+").text


def test_whatever_is_written_is_looked_for_and_shown_as_text(browser: Browser) -> None:
    odd = ["a\0b", "::", "../../etc/passwd", "%", "x" * 5000, "01m8 [9999999999999]", "\u202ex", "//evil.example"]
    for text in (HOSTILE, *odd):
        page = browser.get(f"/search?q={quote(text)}").text
        assert "Nothing is called" in page
        assert "<script>alert" not in page


def test_nothing_of_another_namespace_is_found(client: TestClient, state: StateFolder) -> None:
    sent = {"source": EMPTY, "idempotency_key": "theirs"}
    answer = client.post("/api/v1/runs", json=sent, headers={"X-Flow-Namespace": "b"})
    assert answer.status_code == 201, answer.text
    run = answer.json()["run"]
    mine = Browser(client, bearer(state, "a")["Authorization"].removeprefix("Bearer "))
    for text in (run, run[:8], "theirs", trace_id(run), "none"):
        assert "Nothing is called" in mine.get(f"/search?q={quote(text)}").text
    everything = Browser(client, TOKEN)
    for text in (run, "theirs", trace_id(run)):
        assert everything.get(f"/search?q={quote(text)}", 303).headers["location"] == f"/runs/{run}"
