"""Each example gives the same document through `flow up` with three workers, which is sent what it needs, as by the command alone."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import Project
from support.server import Server
from support.waiting import until

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCS = json.dumps([str(EXAMPLES.parent / "docs" / name) for name in ("language.md", "server.md")])
CHECKS = ["-p", f"root={EXAMPLES.parent}", "-p", 'folders=["client"]', "-p", 'tools=["compile", "names"]']
ARGUMENTS: dict[str, list[str]] = {
    "hello.flow": ["-p", "name=Ada"],
    "bookings/bookings.flow": ["-p", "ledger=LEDGER"],
    "cbuild/cbuild.flow": [],
    "digits/digits.flow": ["-p", 'candidates=[{"kind": "neighbours", "strength": 5}]'],
    "gauges/gauges.flow": ["-p", "api=GAUGES"],
    "timezones/timezones.flow": [],
    "checks/checks.flow": CHECKS,
    "handbook/inventory.flow": ["-p", f"pages={DOCS}"],
    "handbook/links.flow": ["-p", f"documents={DOCS}"],
    "penguins/penguins.flow": [],
    "walks/walks.flow": [],
}
"""Nightly and order have tests of their own."""
BY_PLACE = ("cbuild/cbuild.flow",)
"""What a compiler gives depends on where its sources are."""
TIMED = ("digits/digits.flow",)
"""Its report tells how long something took, so that the report's digest is another each time."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORDERS_TOKEN", "sesame-open")
        with Server(Project(tmp_path_factory.mktemp("up") / "served"), "--workers", "3", command="up") as running:
            yield running


def same(text: str, home: Path) -> Any:
    """A document without ids, times, and what is different by where the state is."""
    text = text.replace(str(home), "HOME")
    text = re.sub(r"HOME/submitted/[0-9a-f]{64}", "SENT", text)
    document = json.loads(text)
    for part in (document, *document["tasks"]):
        for name in ("run", "created_at", "started_at", "finished_at"):
            part.pop(name, None)
    document["tasks"].sort(key=lambda task: task["key"])  # instances stand in the order in which their lists were known
    return document


@pytest.mark.parametrize("example", ARGUMENTS)
def test_the_same_document(
    example: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("FLOW_TOKEN", server.token)
    project = Project(tmp_path / "here")
    found = []
    for home, url in ((project.home, []), (server.project.home, ["--url", server.url])):
        ledger = tmp_path / f"ledger{len(found)}"
        ledger.mkdir()
        texts = [text.replace("LEDGER", str(ledger)) for text in ARGUMENTS[example]]
        given = [text.replace("GAUGES", served(request)) if "GAUGES" in text else text for text in texts]
        ended = project.flow("run", str(EXAMPLES / example), "--json", *given, *url)
        assert ended.code == 0, ended.err
        text = ended.out.replace(str(ledger), "LEDGER").replace(str((EXAMPLES / example).parent), "SENT")
        text = re.sub(r"http://127\.0\.0\.1:\d+", "SERVICE", text)
        found.append(
            same(re.sub(r"[0-9a-f]{2}/[0-9a-f]{64}", "DIGEST", text) if example in (*BY_PLACE, *TIMED) else text, home)
        )
    assert found[0] == found[1]


def served(request: pytest.FixtureRequest) -> str:
    """The address of a new service of the river gauges, which answers as often wrongly as the one before."""
    command = [sys.executable, str(EXAMPLES / "gauges" / "tools" / "service.py"), "0"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    request.addfinalizer(service.communicate)
    request.addfinalizer(service.kill)
    assert service.stdout is not None
    return f"http://127.0.0.1:{service.stdout.readline().strip()}"


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of the service of the example nightly."""
    command = [sys.executable, str(EXAMPLES / "nightly" / "tools" / "service.py"), "0"]
    environment = {**os.environ, "ORDERS_TOKEN": "sesame-open"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield f"http://127.0.0.1:{running.stdout.readline().strip()}"
        finally:
            running.kill()


def test_nightly_with_its_folder(shop: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run, which nobody has to approve."""
    monkeypatch.setenv("ORDERS_TOKEN", "sesame-open")
    given = ["-p", "day=2026-01-31", "-p", f"api={shop}", "-p", f"hook={shop}/hook", "-p", "dry_run=true", "--json"]
    command = ["run", str(EXAMPLES / "nightly" / "nightly.flow"), *given]
    monkeypatch.setenv("FLOW_TOKEN", server.token)
    project = Project(tmp_path / "here")
    here, there = project.flow(*command), project.flow(*command, "--url", server.url)
    assert (here.code, there.code) == (0, 0), there.err
    folder = str(EXAMPLES / "nightly")
    documents = [
        same(ended.out.replace(folder, "SENT"), home)
        for ended, home in ((here, project.home), (there, server.project.home))
    ]
    assert documents[0] == documents[1]


def test_an_order_that_is_paid_and_released(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for somebody is answered through the server, too."""
    monkeypatch.setenv("FLOW_TOKEN", server.token)
    project = Project(tmp_path / "here")
    found = []
    for home, url in ((project.home, []), (server.project.home, ["--url", server.url])):
        order = [str(EXAMPLES / "order" / "order.flow"), "-p", "id=17", "-p", "most=20", "--json", *url]
        running = project.start("run", *order)
        number = until(lambda url=url: asked(project, "paid", url), seconds=60, what="the order that waits to be paid")  # type: ignore[misc]
        assert project.flow("signal", number, "paid-17", '{"reference": "r-1", "amount": 30.0}', *url).code == 0
        until(lambda url=url: asked(project, "release", url), seconds=60, what="the order that waits")  # type: ignore[misc]
        assert project.flow("approve", number, "release", *url).code == 0
        out, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
        found.append(same(out.replace(str(EXAMPLES / "order"), "SENT"), home))
    assert found[0] == found[1]


def asked(project: Project, task: str, url: list[str]) -> str:
    """The order's run, once it waits there."""
    for run in project.flow("list", "--json", "--workflow", "order", "--state", "running", *url).document["runs"]:
        tasks = project.flow("status", run["run"], "--json", *url).document["tasks"]
        if any(one["key"] == task and "awaits" in one for one in tasks):
            return str(run["run"])
    return ""
