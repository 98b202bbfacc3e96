"""A headless Chromium, Debian's: the one that is installed, else its package, which is installed where that is possible. What a page says
to the console, the violations of its policy among it, is an error of the test; axe-core judges how accessible it is."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

INSTALL = 300.0
"""Seconds."""
NO_NETWORK = ("Temporary failure resolving", "Could not resolve", "Network is unreachable", "Could not connect")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
PATIENCE = 20_000
"""Milliseconds that a page may take to show what a test waits for, on a machine that does much else."""
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
REMEDY = "install the package chromium (apt-get install chromium), or put a Chromium on PATH"


def chromium() -> str:
    """The program. A test without it fails with the remedy, but for a machine without a network."""
    found = _installed()
    if found is None:
        said = _install()
        found = _installed()
        if found is None and any(text in said for text in NO_NETWORK):
            pytest.skip(f"there is no Chromium, and no network to fetch it: {said[-200:]}")
        if found is None:
            pytest.fail(f"there is no Chromium: {REMEDY} ({said[-300:]})")
    return found


def _installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _install() -> str:
    """What was said about it. Other processes of the same test run wait for apt's own lock."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return "apt-get is missing, or only root may use it"
    wait = ["apt-get", "-o", f"DPkg::Lock::Timeout={INSTALL:.0f}"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    said = ""
    for command in ([*wait, "update"], [*wait, "install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL + 60, check=False, env=environment
        )
        said += done.stdout + done.stderr
    return said


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Not for longer than a module's tests: Playwright keeps an event loop in this thread, where other tests have theirs."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # --no-sandbox: Chromium's own cannot be set up by root; the pages are this project's
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """One context of a browser with one page. `expected`: patterns of what the console may say."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.expected: list[str] = []
        self._said: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self._said.append(f"error: {error}"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._said.append(f"{self.page.url}: {message.text}")

    def goto(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    @property
    def errors(self) -> list[str]:
        return [said for said in self._said if not any(re.search(pattern, said) for pattern in self.expected)]

    def violations(self, rules: list[str] | None = None) -> list[str]:
        """What axe-core finds wrong with the page, by these rules or by all, one line for each element."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        found = self.page.evaluate("options => axe.run(options)", options)
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def check_accessible(self) -> None:
        """In light, and in dark by the rule that looks at colours."""
        self.page.emulate_media(color_scheme="light")
        found = self.violations()
        self.page.emulate_media(color_scheme="dark")
        found += self.violations(["color-contrast"])
        assert not found, f"{self.page.url}:\n" + "\n".join(found)

    def overflows(self) -> int:
        """Pixels that the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider
