"""The pages of dead letters, without a worker: the letters are written by hand."""

import re
from contextlib import closing

import pytest
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from flow_server.pages.render import rendered
from flow_server.pages.task_inputs import inputs_of
from flow_server.problem import Problem
from starlette.testclient import TestClient
from support.pages import HOSTILE, Browser, fail, hidden, submit
from support.tokens import bearer

from .conftest import TOKEN

SOURCE = """flow 1
workflow w(n: int = 1, note: str = "none", loud: bool = true) {
  task a { shell "echo ~{note} ~{loud}; exit ~{n}" }
  task b { shell "exit 2" }
}
"""


def failed(client: TestClient, state: StateFolder, message: str = "no", note: str = "first\nsecond") -> tuple[str, str]:
    """The ids of two letters of a run that has failed: those of `a` and `b`."""
    run = submit(client, SOURCE, HOSTILE[:50], note=note)
    fail(state, run, message)
    return f"{run}:0:1", f"{run}:1:1"


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def test_the_list_has_the_open_ones_and_what_its_filter_finds(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    assert "Nothing has failed for good" in browser.get("/dead-letters").text
    first, second = failed(client, state)
    page = browser.get("/dead-letters?workflow=w&since=2h").text
    assert (first in page, second in page) == (True, True)
    browser.post(f"/dead-letters/{first}/drop")
    page = browser.get("/dead-letters").text
    assert (first in page, second in page) == (False, True)
    assert first.replace(":", "%3A") in browser.get("/dead-letters?state=dropped").text
    for none in ("?workflow=other", "?since=2999-01-01", "?state=replayed"):
        assert "No dead letter is like this" in browser.get("/dead-letters" + none).text
    assert "must be" in browser.get("/dead-letters?since=soon", 422).text


def test_a_letter_shows_what_failed_with_which_values_and_escapes_it(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    first, _ = failed(client, state, HOSTILE, HOSTILE)
    for path in ("/dead-letters", f"/dead-letters/{first}"):
        page = browser.get(path).text
        assert ("&lt;script&gt;alert(1)" in page, "<script>alert" in page) == (True, False)
    assert 'name="set.n" value="1"' in page
    assert "Failed" in page
    assert "unknown" not in page.lower()
    assert browser.get("/dead-letters/01m8njxz995ry3cj9xg8vh5k6y:0:1", 404)


def test_a_replay_gives_the_task_what_was_changed_and_nothing_else(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    first, second = failed(client, state)
    values = {"set.n": "0", "set.note": "first\r\nsecond", "set.loud": "true"}  # a browser ends lines so
    wrong = browser.post(f"/dead-letters/{first}/replay", {**values, "set.n": "many"}, 422).text
    assert "must be `int`" in wrong
    assert 'value="many"' in wrong
    answer = browser.post(f"/dead-letters/{first}/replay", values)
    run = first.partition(":")[0]
    assert answer.headers["location"] == f"/runs/{run}"
    assert client.get(f"/api/v1/runs/{run}/tasks/a").json()["override"] == {"n": 0}
    assert "was replayed" in browser.post(f"/dead-letters/{first}/replay", values, 409).text
    assert "cannot be tried again now" in browser.get(f"/dead-letters/{second}").text


def test_many_are_replayed_after_a_page_that_says_what_will_happen(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    ones = [failed(client, state) for _ in range(3)]
    assert "no dead letter was chosen" in browser.post("/dead-letters/replay", {}, 422).text
    asked = browser.post("/dead-letters/replay", {"letter": [*ones[0], ones[1][0]]}, 200).text
    assert "Replay 3 dead letters?" in asked
    assert "2 runs would go on" in asked
    assert len(client.get("/api/v1/dead-letters").json()["letters"]) == 6  # nothing has happened
    names = re.findall(r'name="letter" value="([^"]+)"', asked)
    told = browser.post("/dead-letters/replay", {"letter": names, "sure": "1"}, 200).text
    assert "3 dead letters replayed" in told
    asked = browser.post("/dead-letters/replay", {"all": "1", "workflow": "w"}, 200).text
    assert "Replay 2 dead letters?" in asked  # of the third run; the second has not ended
    assert "has not ended" in asked
    told = browser.post("/dead-letters/replay", {"all": "1", "workflow": "w", "sure": "1"}, 200).text
    assert "2 dead letters replayed" in told
    assert "1 letter of 1 run does not go on" in told
    assert "Replay 0" in browser.post("/dead-letters/replay", {"all": "1", "workflow": "x"}, 200).text


def test_what_is_replayed_for_all_is_what_was_shown(client: TestClient, state: StateFolder, browser: Browser) -> None:
    failed(client, state)
    asked = browser.post("/dead-letters/replay", {"all": "1", "workflow": "w"}, 200).text
    assert "Replay 2 dead letters?" in asked
    later = failed(client, state)
    told = browser.post("/dead-letters/replay", {**hidden(asked), "sure": "1"}, 200).text
    assert "2 dead letters replayed" in told
    assert 'href="/dead-letters?workflow=w"' in told
    assert {one["id"] for one in client.get("/api/v1/dead-letters").json()["letters"]} == {*later}


def test_whoever_may_only_read_sees_no_buttons_and_is_refused(client: TestClient, state: StateFolder) -> None:
    first, _ = failed(client, state)
    reader = Browser(client, bearer(state, "default", "read")["Authorization"].removeprefix("Bearer "))
    for path in ("/dead-letters", f"/dead-letters/{first}"):
        page = reader.get(path).text
        assert re.findall(r'<form[^>]*method="post" action="([^"]+)"', page) == ["/logout"]
    for path in ("replay", f"{first}/replay", f"{first}/drop"):
        assert "needs the scope `operate`" in reader.post(f"/dead-letters/{path}", {"letter": first}, 403).text
    forged = Browser(client, TOKEN)
    forged.csrf = reader.csrf
    assert "not from a page of your session" in forged.post("/dead-letters/replay", {"all": "1"}, 403).text


def test_a_value_with_a_lone_cr_that_nobody_touched_stays_as_it_is(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    first, _ = failed(client, state, note="one\rtwo\r\nthree")
    assert '<textarea name="set.note"' in browser.get(f"/dead-letters/{first}").text
    sent = {"set.n": "2", "set.note": "one\r\ntwo\r\nthree", "set.loud": "true"}
    browser.post(f"/dead-letters/{first}/replay", sent)
    with closing(open_store(state)) as store:
        record = store.run(first.partition(":")[0])
        shown = {one.name: one.text for one in inputs_of(store, record, "a", None)}
    assert shown == {"n": "2", "note": "one\rtwo\r\nthree", "loud": "true"}


def test_a_form_of_many_long_values_is_taken(client: TestClient, state: StateFolder, browser: Browser) -> None:
    names = [f"v{number}" for number in range(60)]
    given = ", ".join(f'{name}: str = ""' for name in names)
    source = f'flow 1\nworkflow w({given}) {{\n  task a {{ shell "echo {" ".join(f"~{{{name}}}" for name in names)}" }}\n}}\n'
    long = {name: "ä" * 3900 if number < 5 else "" for number, name in enumerate(names)}
    sent = {f"set.{name}": text for name, text in long.items()}
    for path in ("/dead-letters/{run}:0:1/replay", "/runs/{run}/tasks/a/retry"):
        run = submit(client, source, **long)
        fail(state, run)
        browser.post(path.format(run=run), sent)


@pytest.mark.parametrize(
    ("text", "told"),
    [("[" * 200_000, "must be `json`"), ("[" * 900 + "]" * 900, "too deeply"), ('"\\ud800"', "surrogate pair")],
    ids=["deep", "deeper", "half"],
)
def test_json_that_cannot_be_kept_is_told_beside_the_form_of_another_try(
    client: TestClient, state: StateFolder, browser: Browser, text: str, told: str
) -> None:
    run = submit(client, 'flow 1\nworkflow w(j: json = 1) { task a { shell "echo ~{json(j)}; exit 1" } }\n')
    fail(state, run)
    for path in (f"/dead-letters/{run}:0:1/replay", f"/runs/{run}/tasks/a/retry"):
        assert told in browser.post(path, {"set.j": text}, 422).text


def test_half_of_a_surrogate_pair_that_a_task_gave_does_not_break_a_page() -> None:
    assert "a?b" in rendered("error.html", csrf="", request_id="r", problem=Problem(404, "x", "a\ud800b"))
