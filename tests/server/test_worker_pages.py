"""The page of workers and pools, without a worker: one is played by hand."""

import re
import time
from contextlib import closing

import pytest
from flow_engine.decisions.books import Report
from flow_engine.ids import new_id
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from flow_server.pages import crew
from starlette.testclient import TestClient
from support.pages import HOSTILE, Browser, submit
from support.tokens import bearer

from .conftest import TOKEN

POOLED = """flow 1
workflow w {
  task a { pool = "api"; shell "true" }
  task b { pool = "api"; shell "true" }
}
"""


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def work(state: StateFolder, run: str) -> str:
    """The name of a worker that has taken what it may start of a run."""
    worker = new_id(time.time(), bytes)
    with closing(open_store(state)) as store:
        adopted = store.adopt(worker, run, time.time())
        assert adopted is not None
        store.tick(worker, time.time(), Report(), adopted.ready, 9)
    return worker


def test_the_use_of_pools_and_the_workers_are_shown(client: TestClient, state: StateFolder, browser: Browser) -> None:
    assert "No worker has a run in hand" in browser.get("/workers").text
    browser.post("/pools", {"name": "api", "slots": "1"})
    worker = work(state, submit(client, POOLED))
    page = browser.get("/workers").text
    assert worker in page
    assert "1 of 1 slots of api in use" in page
    assert re.findall(r'<td class="number">(\d+)</td>', page) == ["1", "1", "1", "1"]  # runs, tasks; slots, waiting


def test_a_pool_is_made_and_changed_by_whoever_may(client: TestClient, state: StateFolder, browser: Browser) -> None:
    browser.post("/pools", {"name": "db", "slots": "4"})
    browser.post("/pools", {"name": "db", "slots": "5"})
    assert client.get("/api/v1/pools").json() == {"pools": [{"name": "db", "slots": 5}]}
    for wrong in ({"name": "db", "slots": "0"}, {"name": "db", "slots": "many"}, {"name": "", "slots": "1"}, {}):
        page = browser.post("/pools", wrong, 422).text
        assert 'role="alert"' in page
    browser.post("/pools", {"name": HOSTILE, "slots": "1"})
    page = browser.get("/workers").text
    assert ("&lt;script&gt;alert(1)" in page, "<script>alert" in page) == (True, False)
    for namespace, scopes in (("*", ("read",)), ("default", ("read", "operate"))):
        other = Browser(client, bearer(state, namespace, *scopes)["Authorization"].removeprefix("Bearer "))
        assert 'action="/pools"' not in other.get("/workers").text
        other.post("/pools", {"name": "db", "slots": "6"}, 403)


def test_what_is_looked_at_is_bounded_and_says_so(
    client: TestClient, browser: Browser, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.post("/pools", {"name": "api", "slots": "9"})
    for _ in range(3):
        work(state, submit(client, POOLED))
    assert "there are more" not in browser.get("/workers").text
    for name, most in (("RUNS", 2), ("ROWS", 2)):
        with monkeypatch.context() as low:
            low.setattr(crew, name, most)
            assert "there are more" in browser.get("/workers").text
