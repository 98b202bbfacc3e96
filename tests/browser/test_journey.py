"""What a person does with the pages of work, in one go: deploy, start by the form, look at the run live, find the failure, try the task
again with another value, approve, cancel, start again."""

import re

from playwright.sync_api import LocatorAssertions, Page, expect
from support.browser import Window
from support.server import SLEEP, Server

ORDERS = """flow 1

## Counts the orders of a day.
workflow orders(
  ## How many there are at least.
  limit: int,
  regions: list[str] = ["eu", "us"],
) -> str {
  task fetch for region in regions -> str { shell "sleep 0.4; echo ~{region}" }
  task check -> int { shell "echo the limit is ~{limit} >&2; test ~{limit} -gt 0 || exit 4; echo ~{limit}" }
  task report -> str { after [fetch]; shell "echo ~{check} orders" }
  wait release { after [report]; approval = "Send the report?" }
  return report
}
"""


def state_of(page: Page) -> LocatorAssertions:
    return expect(page.locator("#headline h1 .state"))


def start_orders(window: Window, limit: str) -> Page:
    page = window.goto("/workflows/orders")
    page.get_by_label("limit").fill(limit)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/runs/"))
    return page


def test_from_a_source_to_a_run_that_has_succeeded(window: Window, server: Server) -> None:
    window.expected.append("status of 422")
    page = window.goto("/workflows")
    page.get_by_role("link", name="Deploy or run a source").click()
    page.get_by_label("Source", exact=True).fill(ORDERS.replace("sleep", "~{nothing} sleep"))
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("alert", name="What is wrong")).to_contain_text("there is no `nothing` here")
    expect(page.locator("mark")).to_have_text("nothing")
    page.get_by_role("link", name="line 9").click()
    assert page.evaluate("source.value.slice(source.selectionStart).startsWith('nothing')")
    assert not page.evaluate("document.activeElement.value.includes('\\r')")

    page.get_by_label("Source", exact=True).fill(ORDERS)
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Version 1 is deployed")
    expect(page.get_by_text("Counts the orders of a day.", exact=True)).to_be_visible()
    assert page.locator(".graph img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 50

    page.get_by_label("limit").fill("none")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#p-limit-about")).to_contain_text("must be `int`, and is 'none'")
    expect(page.get_by_label("limit")).to_have_value("none")
    page.get_by_label("limit").fill("0")
    page.get_by_text("Priority, labels, delay").click()
    page.get_by_label("Labels").fill("by hand")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile("/runs/"))
    run_url = page.url

    page.evaluate("window.stayed = true")
    expect(page.locator("#graph svg .state-failed")).to_have_count(1)
    expect(page.locator("#tasks .bar-failed")).to_have_count(1)
    state_of(page).to_contain_text("failed")
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    expect(page.locator(".source .marked")).to_contain_text("task check")

    page.get_by_role("link", name="check", exact=True).first.click()
    expect(page.get_by_role("region", name="Log of attempt 1")).to_contain_text("the limit is 0")
    page.get_by_label("limit").fill("many")
    page.get_by_role("button", name="Retry this task").click()
    expect(page.get_by_role("alert")).to_contain_text("must be `int`")
    expect(page.get_by_label("limit")).to_have_value("many")
    page.get_by_label("limit").fill("7")
    page.get_by_role("button", name="Retry this task").click()
    state_of(page).to_contain_text("succeeded")
    expect(page.get_by_text("with limit = 7")).to_be_visible()

    page.goto(run_url)
    page.evaluate("window.stayed = true")
    expect(page.get_by_role("heading", name="Send the report?")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    state_of(page).to_contain_text("succeeded")
    expect(page.get_by_role("region", name="Result")).to_have_text("7 orders")

    page.get_by_role("link", name="Start again").click()
    expect(page.get_by_label("limit")).to_have_value("0")
    expect(page.get_by_label("Labels")).to_have_value("by hand")


def test_a_source_is_run_once_and_its_run_cancelled(window: Window, server: Server) -> None:
    page = window.goto("/deploy")
    page.get_by_label("Source", exact=True).fill(SLEEP)
    page.get_by_role("button", name="Run once").click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile("/runs/"))
    expect(page.locator("#tasks .bar-running, #tasks .bar-claimed")).to_have_count(1)
    page.get_by_role("button", name="Cancel run").click()
    state_of(page).to_contain_text("cancelled")


TALKS = """flow 1
workflow talks(file: str) {
  task talk {
    shell "for i in $(seq 200); do echo line $i; done; until test -e ~{file}; do sleep 0.05; done; echo the end"
  }
}
"""


def test_a_log_goes_on_and_stays_where_its_reader_is(window: Window, server: Server) -> None:
    go_on = server.project.folder / "go on"
    run = server.submit(TALKS, params={"file": str(go_on)})
    page = window.goto(f"/runs/{run}/tasks/talk")
    log = page.get_by_role("region", name="Log of attempt 1")
    expect(log).to_contain_text("line 200")
    assert log.evaluate("log => log.scrollTop + log.clientHeight >= log.scrollHeight - 4")
    log.evaluate("log => { log.scrollTop = 40 }")
    go_on.touch()
    expect(log).to_contain_text("the end")
    state_of(page).to_contain_text("succeeded")
    assert log.evaluate("log => log.scrollTop") == 40
    assert log.inner_text().count("line 200") == 1


ONCE_MORE = 'flow 1\nworkflow shaky(day: str) { task send { shell "test $FLOW_ATTEMPT -gt 1; echo ~{day}" } }\n'
STRICT = 'flow 1\nworkflow strict(limit: int) -> int { task check -> int { shell "test ~{limit} -gt 0; echo ~{limit}" }\n return check }\n'


def test_runs_are_retried_together_and_a_dead_letter_is_replayed(window: Window, server: Server) -> None:
    shaky = [server.submit(ONCE_MORE, params={"day": day}, labels=["shaky runs"]) for day in ("monday", "tuesday")]
    strict = server.submit(STRICT, params={"limit": 0}, labels=["strict runs"])
    for run in (*shaky, strict):
        server.wait(run, "failed")

    page = window.goto("/")
    page.get_by_label("State").select_option("failed")
    page.get_by_label("Label").fill("shaky runs")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("table.runs tbody tr")).to_have_count(2)
    for run in shaky:
        page.get_by_label(run).check()
    page.get_by_role("button", name="Retry the ticked").click()
    page.get_by_role("button", name="Retry 2 runs").click()
    page.get_by_role("heading", name="2 runs going on").wait_for()
    for run in shaky:
        server.wait(run, "succeeded")

    page.get_by_role("link", name="Dead letters").click()
    page.get_by_label("Workflow", exact=True).fill("strict")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("link", name="check").click()
    page.get_by_label("limit").fill("5")
    page.get_by_role("button", name="Replay").click()
    page.wait_for_url(re.compile(strict))
    state_of(page).to_contain_text("succeeded")
    expect(page.get_by_role("region", name="Result")).to_have_text("5")
