"""Each example gives the same document by a server, which is sent what it needs, as by the command alone."""

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

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCS = json.dumps([str(EXAMPLES.parent / "docs" / name) for name in ("language.md", "server.md")])
CHECKS = ["-p", f"root={EXAMPLES.parent}", "-p", 'folders=["client"]', "-p", 'tools=["compile", "names"]']
ARGUMENTS: dict[str, list[str]] = {
    "hello.flow": ["-p", "name=Ada"],
    "bookings/bookings.flow": ["-p", "ledger=LEDGER"],
    "cbuild/cbuild.flow": [],
    "checks/checks.flow": CHECKS,
    "handbook/inventory.flow": ["-p", f"pages={DOCS}"],
    "handbook/links.flow": ["-p", f"documents={DOCS}"],
    "penguins/penguins.flow": [],
    "walks/walks.flow": [],
}
"""Those that need nobody else; nightly, which does, has a test of its own."""
BY_PLACE = ("cbuild/cbuild.flow",)
"""What a compiler gives depends on where its sources are."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORDERS_TOKEN", "sesame-open")
        with Server(Project(tmp_path_factory.mktemp("server") / "served"), "--no-schedules") as running:
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
def test_the_same_document(example: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_TOKEN", server.token)
    project = Project(tmp_path / "here")
    found = []
    for home, url in ((project.home, []), (server.project.home, ["--url", server.url])):
        ledger = tmp_path / f"ledger{len(found)}"
        ledger.mkdir()
        given = [text.replace("LEDGER", str(ledger)) for text in ARGUMENTS[example]]
        ended = project.flow("run", str(EXAMPLES / example), "--json", *given, *url)
        assert ended.code == 0, ended.err
        text = ended.out.replace(str(ledger), "LEDGER").replace(str((EXAMPLES / example).parent), "SENT")
        found.append(same(re.sub(r"[0-9a-f]{64}", "DIGEST", text) if example in BY_PLACE else text, home))
    assert found[0] == found[1]


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
