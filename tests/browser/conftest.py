"""One server for all tests here, a browser for those of a module, a context of its own for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, StorageState
from support.browser import Window, running_browser
from support.command import Project
from support.server import Server

Open = Callable[..., Window]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(Project(tmp_path_factory.mktemp("browser") / "state")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def session(browser: Browser, server: Server) -> StorageState:
    """Logged in."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(server.url + "/login")
        page.get_by_label("Token").fill(server.token)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(server.url + "/")
        return context.storage_state()


@pytest.fixture
def opened(browser: Browser, session: StorageState, server: Server) -> Iterator[Open]:
    """Opens windows, logged in unless told otherwise, with what Playwright's new_context takes. None of them may have said anything."""
    windows: list[Window] = []
    with ExitStack() as stack:

        def make(known: bool = True, **options: object) -> Window:
            state = session if known else None
            context = stack.enter_context(browser.new_context(storage_state=state, **options))  # type: ignore[arg-type]
            windows.append(Window(context, server.url))
            return windows[-1]

        yield make
        said = [error for window in windows for error in window.errors]
    assert said == []


@pytest.fixture
def window(opened: Open) -> Window:
    return opened()
