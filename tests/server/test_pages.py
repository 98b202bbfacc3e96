"""The pages, in this process: the way in, the forms, and that nothing on them needs a looser policy."""

import re
from contextlib import closing
from html import unescape
from html.parser import HTMLParser

import pytest
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server.auth.principal import ADMINISTRATOR
from flow_server.session import ONCE_LIFETIME, Sessions
from starlette.testclient import TestClient
from support.server import HELLO

from .conftest import TOKEN

NO_TOKEN = {"Authorization": ""}


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """Logged in as a browser is: by the cookie alone."""
    answer = client.post("/login", content=f"token={TOKEN}", headers=NO_TOKEN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    client.headers.pop("authorization")
    return client


class Inline(HTMLParser):
    """Finds what a strict policy would refuse, and what a browser would be sent elsewhere for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        self.found += [
            value or "" for name, value in attrs if name in ("src", "href") and not (value or "").startswith(("/", "#"))
        ]


def check_page(text: str) -> None:
    parser = Inline()
    parser.feed(text)
    assert parser.found == []


def test_pages_lead_to_the_login(client: TestClient) -> None:
    for path, login in (
        ("/", "/login"),
        ("/runs/x", "/login?next=%2Fruns%2Fx"),
        ("/nothing", "/login?next=%2Fnothing"),
    ):
        answer = client.get(path, headers=NO_TOKEN)
        assert (answer.status_code, answer.headers["location"]) == (303, login)
    answer = client.post("/runs/x/cancel", headers=NO_TOKEN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    check_page(client.get("/login", headers=NO_TOKEN).text)


def test_the_login_goes_on_to_the_run_that_was_asked_for_and_nowhere_else(client: TestClient) -> None:
    def leads_to(wanted: str) -> str:
        form = client.get("/login", params={"next": wanted}, headers=NO_TOKEN).text
        check_page(form)
        hidden = re.findall(r'name="next" value="([^"]*)"', form)
        answer = client.post("/login", data={"token": TOKEN, "next": wanted}, headers=NO_TOKEN)
        assert answer.status_code == 303
        assert unescape(hidden[0]) == wanted if hidden else answer.headers["location"] == "/"
        return answer.headers["location"]

    assert leads_to("/runs/01abc") == "/runs/01abc"
    assert leads_to("/runs/01abc/tasks/a[1]/log") == "/runs/01abc/tasks/a%5B1%5D/log"
    for elsewhere in (
        "//evil.example",
        "https://evil.example/runs/x",
        "/\\evil.example",
        "/runs//evil.example",
        "/runs/x\r\nSet-Cookie: a=b",
        "/logout",
        "/login?next=/",
        "/api/v1/runs",
        "/metrics",
        "/static/live.js",
        "/?a=\\b",
        "/?a=b\nc",
        "/%0a/%\x00",
        "///evil.example",
        "\t//evil.example",
        "runs/x",
        "",
    ):
        assert leads_to(elsewhere) == "/"


@pytest.mark.parametrize(
    "page",
    [
        "/?state=failed&label=a%20b",
        "/workflows",
        "/workflows/w?version=2",
        "/deploy",
        "/search?q=a%26b",
        "/dead-letters?workflow=w&since=1h",
        "/runs/01abc/tasks/a%5B1%5D",
        "/workflows/100%25?back=//x",
    ],
)
def test_the_login_leads_to_any_page_with_its_query(client: TestClient, page: str) -> None:
    form = client.get(client.get(page, headers=NO_TOKEN).headers["location"], headers=NO_TOKEN).text
    (wanted,) = re.findall(r'name="next" value="([^"]*)"', form)
    answer = client.post("/login", data={"token": TOKEN, "next": unescape(wanted)}, headers=NO_TOKEN)
    assert answer.headers["location"] == page


def test_a_wrong_token_is_refused(client: TestClient) -> None:
    answer = client.post("/login", content="token=wrong", headers=NO_TOKEN)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "does not open this server" in answer.text


def test_a_session_ends_with_its_time_and_with_its_token(state: StateFolder) -> None:
    now = [0.0]
    sessions = Sessions(TOKEN, lambda: now[0])
    with closing(open_store(state)) as store:
        cookie, seconds = sessions.open(store, ADMINISTRATOR)
        short, left = sessions.open(store, ADMINISTRATOR._replace(expires_at=60.0))
        assert (seconds, left) == (7 * 24 * 3600, 60)
        found = sessions.principal(store, cookie)
        assert found == ADMINISTRATOR._replace(way="session", expires_at=float(seconds))
        now[0] = 61.0
        assert sessions.principal(store, short) is None
        assert sessions.principal(store, cookie) is not None
        now[0] = 8 * 24 * 3600.0
        assert sessions.principal(store, cookie) is None


def test_logging_out_ends_the_session_for_copies_of_its_cookie_too(browser: TestClient) -> None:
    """A copy went on working: the cookie was signed, and no server knew of it."""
    copy = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
    assert csrf is not None
    assert browser.post("/logout", data={"csrf": "wrong"}).status_code == 403
    assert browser.get("/").status_code == 200
    assert browser.post("/logout", data={"csrf": csrf[1]}).status_code == 303
    browser.cookies.clear()
    assert browser.get("/", headers=copy).status_code == 303


def test_the_printed_link_works_once_and_soon() -> None:
    now = [0.0]
    sessions = Sessions(TOKEN, lambda: now[0])
    code = sessions.once()
    assert not sessions.take_once("wrong")
    assert sessions.take_once(code)
    assert not sessions.take_once(code)
    late = sessions.once()
    now[0] = ONCE_LIFETIME + 1.0
    assert not sessions.take_once(late)


def test_looking_at_the_printed_link_does_not_use_it_up(client: TestClient) -> None:
    code = client.app.state.services.sessions.once()  # type: ignore[attr-defined]
    for _ in range(2):
        assert code in client.get(f"/login?once={code}", headers=NO_TOKEN).text
    answer = client.post("/login", content=f"once={code}", headers=NO_TOKEN)
    assert (answer.status_code, "set-cookie" in answer.headers) == (303, True)
    assert client.post("/login", content=f"once={code}", headers=NO_TOKEN).status_code == 403


def test_the_list_and_a_run_are_shown(browser: TestClient) -> None:
    empty = browser.get("/")
    assert "No runs yet" in empty.text
    name = "<script>alert(1)</script>"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    run = browser.post(
        "/api/v1/runs", json={"source": HELLO, "params": {"name": name}, "labels": [name]}, headers=headers
    ).json()["run"]
    for path in ("/", "/?state=queued", "/?workflow=hello", f"/runs/{run}"):
        page = browser.get(path)
        assert (page.status_code, run in page.text) == (200, True)
        assert "<script>alert" not in page.text
        check_page(page.text)
    assert run not in browser.get("/?state=failed").text
    shown = browser.get(f"/runs/{run}").text
    graph = re.search(r'src="(/runs/[^"]+/graph\.svg[^"]*)"', shown)
    assert graph
    assert browser.get(graph[1]).headers["content-type"] == "image/svg+xml"


def test_the_session_opens_pages_and_not_the_api(browser: TestClient) -> None:
    assert browser.get("/").status_code == 200
    assert browser.get("/api/v1/runs").status_code == 401


def test_a_run_is_cancelled_by_a_form_of_its_page_only(browser: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    run = browser.post("/api/v1/runs", json={"source": HELLO}, headers=headers).json()["run"]
    for content in ("", "csrf=wrong"):
        assert browser.post(f"/runs/{run}/cancel", content=content).status_code == 403
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get(f"/runs/{run}").text)
    assert found
    answer = browser.post(f"/runs/{run}/cancel", content=f"csrf={found[1]}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{run}")
    assert "cancelling" in browser.get(f"/runs/{run}").text
    assert browser.post("/logout", content=f"csrf={found[1]}").headers["location"] == "/login"


def test_errors_are_pages(browser: TestClient) -> None:
    for path, status in (
        ("/runs/nothing", 404),
        ("/nothing", 404),
        ("/?state=done", 422),
        ("/static/nothing.css", 404),
    ):
        page = browser.get(path)
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        check_page(page.text)


def test_static_files_need_no_session_and_stay_in_their_folder(client: TestClient) -> None:
    assert client.get("/static/flow.css", headers=NO_TOKEN).status_code == 200
    assert client.get("/static/../templates/base.html", headers=NO_TOKEN).status_code in (303, 404)
    assert client.get("/static/%2e%2e/templates/base.html", headers=NO_TOKEN).status_code == 404
