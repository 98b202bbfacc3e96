"""The pages of operations in a real browser: accessible in light and dark, within a narrow window, without JavaScript, and live without moving
what the reader looks at."""

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import expect
from support.server import Server

from .conftest import Open

FLAKY = """flow 1
workflow flaky(n: int = 1, note: str = "first
second") {
  task work { shell "echo with ~{n}: ~{note} >&2; exit ~{n}" }
}
"""
NIGHTLY = (
    'flow 1\nworkflow nightly {\n  schedule = cron("0 2 * * *", tz = "Europe/Berlin")\n  task a { shell "true" }\n}\n'
)
NAP = 'flow 1\nworkflow nap { task rest { shell "sleep 60" } }\n'


class Seen(NamedTuple):
    failed: str
    letter: str


@pytest.fixture(scope="module")
def seen(server: Server) -> Seen:
    """Something of each page."""
    assert server.call("PUT", "/api/v1/workflows/nightly", {"source": NIGHTLY}).status == 200
    assert server.call("PUT", "/api/v1/pools/db", {"slots": 4}).status == 200
    server.post("/tokens", {"name": "ci", "scopes": ["read", "run"]})
    failed = server.submit(FLAKY.replace("first\nsecond", "first line"), labels=["demo", "x" * 60])
    server.wait(failed, "failed")
    return Seen(failed, f"{failed}:0:1")


def test_no_page_has_a_violation_and_none_is_wider_than_a_narrow_window(opened: Open, seen: Seen) -> None:
    window = opened(viewport={"width": 390, "height": 844})
    for path in (
        "/?state=failed&label=demo&since=1h", f"/dead-letters/{seen.letter}", "/schedules/nightly",
        "/workers", "/notices", "/tokens", "/audit", "/search?q=nightly",
    ):  # fmt: skip
        window.goto(path)
        window.check_accessible()
        assert window.overflows() == 0, path


def test_pages_between_are_accessible_and_a_letter_is_replayed_without_javascript(opened: Open, server: Server) -> None:
    runs = [server.submit(FLAKY.replace("first\nsecond", "one"), labels=["many"]) for _ in range(2)]
    for run in runs:
        server.wait(run, "failed")
    window = opened(viewport={"width": 390, "height": 844})
    page = window.goto("/?label=many")
    page.get_by_role("button", name="Retry all that").click()
    page.get_by_role("heading", name="Retry 2 runs?").wait_for()
    window.check_accessible()
    assert window.overflows() == 0
    page.get_by_role("button", name="Retry 2 runs").click()
    page.get_by_role("heading", name="2 runs going on").wait_for()
    window.check_accessible()
    for run in runs:
        server.wait(run, "failed")
    page = window.goto("/dead-letters?workflow=flaky")
    window.check_accessible()
    assert window.overflows() == 0
    page.get_by_label(f"Choose work of run {runs[0]}").check()
    page.get_by_role("button", name="Replay the ticked").click()
    page.get_by_role("heading", name="Replay 1 dead letter?").wait_for()
    window.check_accessible()
    page = opened(java_script_enabled=False).goto(f"/dead-letters/{runs[0]}:0:2")
    page.get_by_label("n int").fill("0")
    page.get_by_role("button", name="Replay").click()
    page.wait_for_url(re.compile(f"/runs/{runs[0]}"))
    server.wait(runs[0], "succeeded")


def test_a_schedule_is_filled_up_and_a_token_made(opened: Open, seen: Seen) -> None:
    window = opened()
    page = window.goto("/schedules/nightly")
    page.get_by_label("From").fill("2026-01-01T00:00")
    page.get_by_label("To", exact=True).fill("2026-01-02T12:00")
    page.get_by_role("button", name="Show what would run").click()
    page.get_by_role("heading", name="Run nightly for 2 instants?").wait_for()
    window.check_accessible()
    page = window.goto("/tokens")
    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator(".secret")).to_have_text(re.compile("flow_.{43}"))
    window.check_accessible()


def test_the_list_of_runs_is_live_and_moves_nothing(opened: Open, server: Server) -> None:
    """A tick stays, rows stay where they are, and newer ones are counted until the reader wants them."""
    run = server.submit(NAP, labels=["live"])
    server.wait(run, "running")
    page = opened().goto("/?label=live&state=running")
    row = page.locator(f"#run-{run}")
    row.get_by_role("checkbox").check()
    other = server.submit(NAP, labels=["live"])
    expect(page.locator("#newer")).to_have_text("1 newer run")
    expect(page.locator(f"#run-{other}")).to_have_count(0)
    server.post(f"/runs/{run}/cancel")
    expect(row).to_have_class("gone")  # the filter does not find it any more
    expect(row.get_by_role("checkbox")).to_be_checked()
    page.locator("#newer").click()
    expect(page.locator(f"#run-{other}")).to_have_count(1)
    expect(row).to_have_count(0)
    server.post(f"/runs/{other}/cancel")


def test_the_search_box_is_on_every_page_and_for_the_keyboard(opened: Open, seen: Seen) -> None:
    page = opened().goto("/audit")
    page.get_by_role("searchbox").fill(seen.failed[:24])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/runs/{seen.failed}"))
