"""The pictures of docs/pages.md: python -m browser.screenshots docs/pages, with tests on PYTHONPATH."""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from support.browser import Window, running_browser
from support.command import Project
from support.server import Server

ORDERS = """flow 1

## Fetches the orders of each region, checks them, and asks before the report is sent.
workflow orders(
  ## The day whose orders are counted.
  day: date,
  ## How many there must be at least.
  limit: int = 10,
  regions: list[str] = ["eu", "us", "apac"],
  mode: enum("full", "sample") = "full",
  pause: duration = 30s,
) -> str {
  task fetch for region in regions -> int { shell "echo orders of ~{region} on ~{day} >&2; sleep 1; echo 14" }
  task rates -> float {
    retry = retry(2, backoff = constant(1s))
    shell "echo asking for the rates of the day >&2; test $FLOW_ATTEMPT -gt 1 || { echo connection reset >&2; exit 7; }; sleep 0.8; echo 1.08"
  }
  task check for n in fetch -> int {
    shell "echo ~{n} orders, and ~{limit} are wanted >&2; sleep 0.5; test ~{n} -ge ~{limit} || exit 4; echo ~{n}"
  }
  task report -> str {
    in n: int = sum(check)
    shell "echo ~{n} orders at ~{rates}"
  }
  wait release { after [report]; approval = "Send the report of ~{day}?" }
  return report
}
"""
SIZE = {"width": 1240, "height": 960}


def main(folder: Path) -> None:
    os.environ["FLOW_LOG"] = "text"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(Server(Project(temporary / "shop")))
        browser = stack.enter_context(running_browser())
        window = Window(browser.new_context(viewport=SIZE), server.url)  # type: ignore[arg-type]  # a TypedDict
        _log_in(window, server)
        take(window, server, folder)


def take(window: Window, server: Server, folder: Path) -> None:
    deployed = server.call("PUT", "/api/v1/workflows/orders", {"source": ORDERS})
    assert deployed.status == 200, deployed.text
    params = {"day": "2026-11-30"}
    failed = _submit(server, params | {"limit": 20}, ["nightly"])
    done = _submit(server, params, ["nightly"])
    server.wait(failed, "failed")
    live = _submit(server, params | {"regions": ["eu", "us", "apac", "latam"]}, ["by hand"])
    window.goto(f"/runs/{live}")
    window.page.locator("#tasks .bar-succeeded").nth(2).wait_for()
    _shot(window, folder, "run-live")
    window.goto(f"/runs/{failed}")
    _shot(window, folder, "run-failed", dark=True)
    window.goto(f"/runs/{failed}/tasks/check%5B0%5D")
    _shot(window, folder, "task")
    window.goto("/workflows/orders")
    _shot(window, folder, "workflow")
    window.goto("/deploy")
    window.page.get_by_label("Source", exact=True).fill(ORDERS.replace("sum(check)", "sum(chek)"))
    window.page.get_by_role("button", name="Deploy", exact=True).click()
    window.page.locator("mark").wait_for()
    _shot(window, folder, "deploy")
    window.goto(f"/runs/{done}")
    window.page.get_by_role("button", name="Approve").wait_for()
    _shot(window, folder, "run-waits", dark=True)
    letter = server.get("/dead-letters").json["letters"][0]["id"]
    window.goto(f"/dead-letters/{letter}")
    _shot(window, folder, "letter")
    window.goto("/")
    _shot(window, folder, "runs")


def _log_in(window: Window, server: Server) -> None:
    page = window.goto("/login")
    page.get_by_label("Token").fill(server.token)
    page.keyboard.press("Enter")
    page.wait_for_url(server.url + "/")


def _submit(server: Server, params: dict[str, object], labels: list[str]) -> str:
    answer = server.post("/runs", {"workflow": "orders", "params": params, "labels": labels})
    assert answer.status == 201, answer.text
    return str(json.loads(answer.body)["run"])


def _shot(window: Window, folder: Path, name: str, dark: bool = False) -> None:
    window.page.emulate_media(color_scheme="dark" if dark else "light")
    window.page.wait_for_timeout(400)  # for the drawing; a page that follows a stream is never idle
    window.page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
