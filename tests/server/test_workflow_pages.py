"""The pages of workflows, in this process: deployment, the form made from the types, starting."""

import re
from contextlib import closing
from html import unescape

import pytest
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.server import HELLO

from .conftest import TOKEN
from .test_pages import check_page

TYPES = r"""flow 1
type Rule { name: str, limit: int, note: str? }
workflow types(
  ## The day that is counted.
  day: date,
  region: enum("eu", "us") = "eu",
  names: list[str] = ["ada", "bob"],
  rule: Rule = { name = "a", limit = 3 },
  room: size = 64MiB,
  twice: int = count([1, 2]),
  notes: str?,
) -> str {
  task show -> str { shell "echo ~{day} ~{region} ~{json(names)} ~{rule.limit} ~{room} ~{twice} ~{notes ?? ""}" }
  return show
}
"""
API = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    client.post("/login", data={"token": TOKEN})
    client.headers.pop("authorization")
    return client


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found
    return unescape(found[1])


def deploy(browser: TestClient, source: str) -> str:
    page = browser.get("/deploy")
    check_page(page.text)
    answer = browser.post("/deploy", data={"csrf": hidden(page.text, "csrf"), "source": source.replace("\n", "\r\n")})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


def start(browser: TestClient, page: str, **fields: str) -> tuple[int, str]:
    """The status, and where it leads or the page."""
    text = browser.get(page).text
    sent = {
        "csrf": hidden(text, "csrf"),
        "key": hidden(text, "key"),
        **{k.replace("__", "."): v for k, v in fields.items()},
    }
    answer = browser.post(f"{page}/start", data=sent)
    return answer.status_code, answer.headers.get("location", answer.text)


def params_of(browser: TestClient, location: str) -> dict[str, object]:
    params: dict[str, object] = browser.get(f"/api/v1{location}", headers=API).json()["params"]
    return params


def test_the_form_has_the_defaults_and_gives_what_is_written(browser: TestClient) -> None:
    here = deploy(browser, TYPES)
    page = browser.get(here).text
    check_page(page)
    for shown in ("ada\nbob", 'value="64MiB"', '<option value="eu" selected>', "The day that is counted.", 'value="3"'):
        assert shown in page
    status, location = start(
        browser, here, p__day="2026-11-30", p__region="us", p__names="", p__room="2GiB", p__notes="",
        p__rule__name="b", p__rule__limit="7", p__rule__note="", p__twice="",
        priority="9", labels="one\r\ntwo words", delay="10m",
    )  # fmt: skip
    assert status == 303, location
    assert params_of(browser, location) == {
        "day": "2026-11-30", "region": "us", "names": [], "rule": {"name": "b", "limit": 7, "note": None},
        "room": 2 << 30, "twice": 2, "notes": None,
    }  # fmt: skip
    run = browser.get(f"/api/v1{location}", headers=API).json()
    assert (run["priority"], run["labels"], run["start_at"] is not None) == (9, ["one", "two words"], True)
    again = browser.get(f"{location}/again").text
    check_page(again)
    for shown in ('value="2026-11-30"', 'value="2GiB"', "one\ntwo words", 'name="priority" value="9"'):
        assert shown in again


def test_a_page_starts_the_version_that_it_shows(browser: TestClient, state: StateFolder) -> None:
    """Also where a newer one is deployed between the page and its form."""
    here = deploy(browser, HELLO)
    page, shown = browser.get(here).text, browser.get(f"/api/v1{here}", headers=API).json()["plan_hash"]
    (action,) = re.findall(rf'action="({here}/start[^"]*)"', page)
    deploy(browser, HELLO.replace("echo", "printf"))
    sent = {"csrf": hidden(page, "csrf"), "key": hidden(page, "key")}
    location = browser.post(unescape(action), data=sent).headers["location"]
    newest = browser.get(f"/api/v1{here}", headers=API).json()["plan_hash"]
    with closing(open_store(state)) as store:
        assert store.run(location.rpartition("/")[2]).plan_hash == shown
    assert newest != shown


def test_wrong_values_come_back_in_their_place(browser: TestClient) -> None:
    here = deploy(browser, TYPES)
    status, page = start(browser, here, p__day="today", p__room="much", p__names="x", priority="11", delay="soon")
    assert status == 422
    check_page(page)
    text = unescape(page)
    for told in (
        "must be `date`, and is 'today'",
        "must be `size`, and is 'much'",
        "is a length of time such as",
        "from 0 to 9",
    ):
        assert told in text
    assert "5 of the values" in text or "4 of the values" in text
    for kept in ('value="today"', 'value="much"', 'value="soon"', 'value="11"'):
        assert kept in page
    status, page = start(browser, here, p__names="x")
    assert (status, "the parameter `day: date` of `types` is missing" in unescape(page)) == (422, True)
    assert browser.get("/api/v1/runs", headers=API).json()["runs"] == []


def test_a_form_that_is_sent_twice_starts_one_run(browser: TestClient) -> None:
    here = deploy(browser, HELLO)
    text = browser.get(here).text
    sent = {"csrf": hidden(text, "csrf"), "key": hidden(text, "key"), "p.name": "Ada"}
    first, second = (browser.post(f"{here}/start", data=sent).headers["location"] for _ in range(2))
    other = browser.post(f"{here}/start", data={**sent, "p.name": "Bob"}).headers["location"]
    assert first == second != other
    assert browser.post(f"{here}/start", data={**sent, "csrf": ""}).status_code == 403


def test_an_older_version_is_shown_and_started(browser: TestClient) -> None:
    here = deploy(browser, HELLO)
    deploy(browser, HELLO.replace("hello ~", "good day ~"))
    assert "good day" in browser.get(here).text
    older = browser.get(f"{here}?version=1").text
    assert "echo hello" in older
    assert f'action="{here}/start?version=1"' in older
    assert browser.get(f"{here}/graph.svg?version=1").headers["content-type"] == "image/svg+xml"
    answer = browser.post(f"{here}/start?version=1", data={"csrf": hidden(older, "csrf"), "p.name": "Ada"})
    assert "echo hello" in browser.get(answer.headers["location"]).text
    assert browser.get(f"{here}?version=3").status_code == 404


def test_a_wrong_source_comes_back_with_what_is_wrong_in_it(browser: TestClient) -> None:
    csrf = hidden(browser.get("/deploy").text, "csrf")
    wrong = HELLO.replace("~{name}", "~{nobody}")
    for path in ("/deploy", "/run-once"):
        answer = browser.post(path, data={"csrf": csrf, "source": wrong})
        assert answer.status_code == 422
        check_page(answer.text)
        assert "<mark>nobody</mark>" in answer.text
        assert "there is no `nobody` here" in unescape(answer.text)
        assert wrong in unescape(answer.text)
    for source in ("", "flow 1\n", "\x00"):
        answer = browser.post("/deploy", data={"csrf": csrf, "source": source})
        assert (answer.status_code, "What is wrong" in answer.text) == (422, True)
    assert browser.post("/deploy", data={"csrf": csrf, "source": "#" * (5 << 20)}).status_code == 413


def test_a_run_of_a_source_is_started_again_in_a_folder_of_its_own(browser: TestClient, state: StateFolder) -> None:
    run = browser.post("/api/v1/runs", json={"source": HELLO, "params": {"name": "Ada"}}, headers=API).json()["run"]
    csrf = hidden(browser.get(f"/runs/{run}/again").text, "csrf")
    other = browser.post(f"/runs/{run}/again", data={"csrf": csrf, "p.name": "Bob"}).headers["location"]
    assert params_of(browser, other) == {"name": "Bob"}
    assert "sent over HTTP" in browser.get(other).text
