"""Forms that start runs, with values that are large, odd, or those of an earlier run."""

import threading

import pytest
from flow_server import body
from flow_server.pages import start_form
from starlette.testclient import TestClient
from support.pages import Browser

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
