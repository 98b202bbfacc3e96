"""Each page of work: accessible in light and dark, within a narrow window, usable without JavaScript and by the keyboard, and with whatever
people write in it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import expect
from support.server import Server

from .conftest import Open

MIXED = """flow 1

type Rule { limit: int, note: str? }

## Numbers that are checked, and somebody who is asked.
workflow mixed(n: int = 0, names: list[str] = ["a"],
  mode: enum("fast", "slow") = "fast", rule: Rule = { limit = 1 }) -> int {
  task one for name in names -> int { shell "echo ~{name} >&2; test ~{n} -gt 0; echo ~{n}" }
  task two -> int { retry = 1; shell "echo a line that is so long that it does not fit into a narrow window at all; exit 3" }
  wait ask { approval = "Go on?" }
  wait paid -> int { event = "paid" }
  return paid
}
"""


class Seen(NamedTuple):
    failed: str
    asking: str


@pytest.fixture(scope="module")
def seen(server: Server) -> Iterator[Seen]:
    """Runs of each kind."""
    assert server.call("PUT", "/api/v1/workflows/mixed", {"source": MIXED}).status == 200
    failing = server.submit(
        MIXED.replace('  wait ask { approval = "Go on?" }\n', "").replace(
            "wait paid -> int { event", "wait paid -> int { after [two]; event"
        )
    )
    asking = server.submit(MIXED, params={"n": 1}, labels=["by hand"], priority=3)
    server.wait(failing, "failed")
    yield Seen(failing, asking)
    assert server.post(f"/runs/{asking}/cancel").status == 202


def paths(seen: Seen) -> list[str]:
    run, asking = f"/runs/{seen.failed}", f"/runs/{seen.asking}"
    return [
        "/workflows", "/workflows/mixed", "/deploy", run, f"{run}/tasks/two", f"{run}/tasks/one", f"{run}/again", asking, "/nothing",
    ]  # fmt: skip


def test_no_page_has_a_violation_and_none_is_wider_than_a_narrow_window(
    opened: Open, server: Server, seen: Seen
) -> None:
    window = opened(viewport={"width": 390, "height": 844})
    window.expected.append("status of 404")
    for path in paths(seen):
        window.goto(path)
        window.check_accessible()
        assert window.overflows() == 0, path


def test_the_pages_of_an_empty_namespace_say_what_to_do(opened: Open, server: Server) -> None:
    made = server.post("/tokens", {"name": "empty", "scopes": ["read", "run"], "namespace": "empty"}).json
    window = opened(known=False)
    page = window.goto("/login")
    page.get_by_label("Token").fill(made["secret"])
    page.keyboard.press("Enter")
    page.get_by_text("No runs yet").wait_for()
    page.get_by_role("link", name="Workflows").click()
    page.get_by_text("Nothing is deployed yet").wait_for()
    window.check_accessible()
    page.get_by_role("link", name="Run a source").click()
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_have_count(0)
    window.expected.append("status of 403")
    page.get_by_label("Source", exact=True).fill(MIXED)
    page.get_by_role("button", name="Run once").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("namespace `empty` may use")


def test_all_of_it_works_without_javascript(opened: Open, seen: Seen) -> None:
    page = opened(java_script_enabled=False).goto("/workflows/mixed")
    page.get_by_label("n int").fill("1")
    page.get_by_label("names").fill("a\nb")
    page.get_by_label("mode").select_option("slow")
    page.get_by_label("limit").fill("2")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile("/runs/"))
    expect(page.get_by_text('"slow"', exact=True)).to_be_visible()
    expect(page.get_by_text('["a", "b"]', exact=True)).to_be_visible()
    page.get_by_role("button", name="Approve").wait_for()  # the page renews itself
    expect(page.locator(".graph img")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_label("Value").fill("12")
    page.get_by_role("button", name="Send the event").click()
    page.get_by_role("link", name="one[1]").click()
    expect(page.get_by_role("region", name="Log of attempt 1")).to_contain_text("b")


def test_the_keyboard_reaches_the_content_and_shows_where_it_is(opened: Open, seen: Seen) -> None:
    page = opened().goto(f"/runs/{seen.failed}")
    page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.textContent") == "Skip to the content"
    assert page.evaluate(f"{focused}.getBoundingClientRect().left") > 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.querySelector('main').contains({focused})")
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"


HOSTILE = """</pre></textarea><script>window.hacked = 1</script><img src=x onerror="window.hacked=1">'"&lt;\u202elive\u202c \x1b[31mred"""
SHOUTS = """flow 1

## </p><script>window.hacked = 1</script>
workflow shouts(
  ## <img src=x onerror="window.hacked=1">
  text: str, mode: enum("<b>", "plain") = "<b>") -> str {
  task shout -> str { shell "printf '%s' ~{text} >&2; echo '<script>window.hacked = 1</script>'; exit 1" }
  wait ask { approval = "<script>window.hacked = 1</script> ~{text}" }
  wait come -> str { event = "<script>~{text}" }
  return come
}
"""


def test_what_people_write_is_shown_and_never_run(opened: Open, server: Server) -> None:
    assert server.call("PUT", "/api/v1/workflows/shouts", {"source": SHOUTS}).status == 200
    label = HOSTILE.replace("\x1b", "")
    run = server.submit(SHOUTS, params={"text": HOSTILE}, labels=[label])
    window = opened()
    page = window.goto(f"/runs/{run}")
    expect(page.locator("#graph svg .state-failed")).to_have_count(1)
    expect(page.get_by_text(label, exact=True)).to_be_visible()
    for path in (
        "/",
        "/workflows",
        "/workflows/shouts",
        f"/runs/{run}",
        f"/runs/{run}/tasks/shout",
        f"/runs/{run}/tasks/ask",
        "/dead-letters",
        f"/dead-letters/{run}:0:1",
        "/search?q=%3Cscript%3Ewindow.hacked=1%3C/script%3E",
        f"/runs/{run}/again",
    ):
        page = window.goto(path)
        assert page.evaluate("document.querySelectorAll('main script:not([src]), main img[src=x]').length") == 0, path
        assert page.evaluate("window.hacked") is None, path
    expect(page.get_by_label("text")).to_have_value(HOSTILE)
    server.post(f"/runs/{run}/cancel")
