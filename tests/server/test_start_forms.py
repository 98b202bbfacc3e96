"""Forms that start runs, with values that are large, odd, or those of an earlier run."""

import re
import threading
from html import unescape

import pytest
from flow_server import body
from flow_server.pages import start_form
from starlette.testclient import TestClient
from support.pages import Browser, submit

from .conftest import TOKEN

LISTS = 'flow 1\nworkflow lists(l: list[int] = [], f: list[file] = []) {\n  task a { shell "echo ~{json(l)}" }\n}\n'


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client, TOKEN)


def deploy(client: TestClient, name: str, source: str) -> str:
    assert client.put(f"/api/v1/workflows/{name}", json={"source": source}).status_code == 200
    return f"/workflows/{name}"


def test_a_large_form_is_not_read_in_the_event_loop(
    client: TestClient, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = deploy(client, "lists", LISTS)
    loop: list[str] = []
    names: list[str] = []

    async def bounded(*given: object, _real=body.bounded) -> bytes:  # type: ignore[no-untyped-def]
        loop.append(threading.current_thread().name)
        data: bytes = await _real(*given)
        return data

    def noted(real):  # type: ignore[no-untyped-def]
        def call(*given: object, **named: object) -> object:
            names.append(threading.current_thread().name)
            return real(*given, **named)

        return call

    monkeypatch.setattr(body, "bounded", bounded)
    monkeypatch.setattr(body, "parse_qs", noted(body.parse_qs))
    monkeypatch.setattr(start_form, "param_values", noted(start_form.param_values))
    browser.post(f"{here}/start", {"p.l": "[" + "1," * 20_000 + "1]"})
    assert len(names) == 2
    assert loop[0] not in names


@pytest.mark.parametrize(
    ("field", "text"), [("p.l", "[" + "1," * 600_000 + "1]"), ("p.f", "a\n" * 100_000)], ids=["written", "as JSON"]
)
def test_parameters_that_are_too_large_are_told_beside_the_form(
    client: TestClient, browser: Browser, field: str, text: str
) -> None:
    page = browser.post(f"{deploy(client, 'lists', LISTS)}/start", {field: text}, 413).text
    assert "larger than 1,024 KiB; send less" in page
    assert 'name="p.l"' in page


OPTIONALS = """flow 1
type Rule { a: str, b: int? }
workflow optionals(
  n: int? = 5, s: str? = "abc", l: list[int]? = [1], b: bool? = true, m: map[str, int]? = { x = 1 }, r: Rule? = { a = "x" },
  d: int = 7, t: str = "abc", k: list[int] = [1],
) {
  task a { shell "echo ~{json(n)}" }
}
"""
EMPTY = {"n": None, "s": "", "l": [], "b": None, "m": None, "r": None, "d": 7, "t": "a\rb\r\nc", "k": []}
SHOWN = {f"p.{name}": "" for name in ("n", "s", "l", "b", "m", "r.a", "r.b", "k")}


def params_of(client: TestClient, location: str) -> dict[str, object]:
    params: dict[str, object] = client.get(f"/api/v1{location}").json()["params"]
    return params


def test_start_again_keeps_each_value_that_nobody_touched(client: TestClient, browser: Browser) -> None:
    run = submit(client, OPTIONALS, **EMPTY)
    assert params_of(client, f"/runs/{run}") == EMPTY
    browser.get(f"/runs/{run}/again")
    sent = {**SHOWN, "p.d": "7", "p.t": "a\r\nb\r\nc"}
    location = browser.post(f"/runs/{run}/again", sent).headers["location"]
    assert params_of(client, location) == EMPTY
    location = browser.post(f"/runs/{run}/again", {**sent, "p.n": "3", "p.t": ""}).headers["location"]
    assert params_of(client, location) == {**EMPTY, "n": 3, "t": ""}


def test_an_emptied_optional_is_null_and_an_emptied_number_its_default(client: TestClient, browser: Browser) -> None:
    here = deploy(client, "optionals", OPTIONALS)
    page = browser.get(here).text
    for hint in ("left empty, it is null", "left empty, it has its default", "left empty, it has no items"):
        assert hint in page
    emptied = {**SHOWN, "p.d": "", "p.t": ""}
    location = browser.post(f"{here}/start", emptied).headers["location"]
    nulls = dict.fromkeys(("n", "s", "l", "b", "m", "r"))
    assert params_of(client, location) == {**nulls, "d": 7, "t": "", "k": []}
    location = browser.post(f"{here}/start", {}).headers["location"]
    assert (params_of(client, location)["n"], params_of(client, location)["b"]) == (5, True)


NESTED = """flow 1
workflow nested(l: list[list[str]] = [], j: json = 1, m: map[str, json] = {}, k: map[str, int] = {}) { task a { shell "echo ~{json(l)}" } }
"""


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("p.l", "[" * 200_000, r"must be `list\[list\[str\]\]`"),
        ("p.j", "[" * 200 + "]" * 200, "is nested more deeply"),
        ("p.j", "[" * 2000 + "]" * 2000, "must be `json`|is nested more deeply"),
        ("p.l", '[["\\ud800"]]', "holds half of a surrogate pair"),
        ("p.j", '{"\\ud800": 1}', "holds half of a surrogate pair"),
        ("p.k", '{"\\ud800": "x"}', "holds half of a surrogate pair"),
        ("p.k", '{"\\ud800": 1, "\\ud800": 2}', "more than once"),
        ("p.m", '{"a": ["\\udfff"]}', "holds half of a surrogate pair"),
    ],
    ids=["deep", "deeper", "deepest", "half", "key", "wrong", "twice", "map"],
)
def test_json_that_cannot_be_kept_is_told_beside_its_control(
    client: TestClient, browser: Browser, field: str, text: str, told: str
) -> None:
    page = unescape(browser.post(f"{deploy(client, 'nested', NESTED)}/start", {field: text}, 422).text)
    assert re.search(told, page)
    assert page.count('<strong class="bad">') == 1
