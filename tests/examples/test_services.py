"""The examples that ask a service, wait for people, call workflows of a library, or are tried again."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import Project
from support.waiting import until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TESTED = ["gauges/gauges.flow", "checks/checks.flow", "handbook/inventory.flow", "order/order.flow", "walks/walks.flow"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


@pytest.fixture
def gauges() -> Iterator[str]:
    """The address of the stand-in for the service of river gauges."""
    command = [sys.executable, str(EXAMPLES / "gauges" / "tools" / "service.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        try:
            yield f"http://127.0.0.1:{service.stdout.readline().strip()}"
        finally:
            service.kill()


def run(project: Project, name: str, *options: str, code: int = 0) -> Any:
    ended = project.flow("run", str(EXAMPLES / name), "--json", *options)
    assert ended.code == code, ended.out + ended.err
    return ended.document


def states(document: Any) -> dict[str, str]:
    return {task["key"]: task["state"] for task in document["tasks"]}


@pytest.mark.parametrize("name", TESTED)
def test_their_tests_pass(project: Project, name: str) -> None:
    ended = project.flow("test", str(EXAMPLES / name), "--json")
    assert ended.code == 0, ended.out + ended.err
    assert {test["passed"] for test in ended.document["tests"]} == {True}


def test_gauges(project: Project, gauges: str) -> None:
    document = run(project, "gauges/gauges.flow", "-p", f"api={gauges}")
    lines = Path(document["result"]).read_text().splitlines()
    assert lines == [
        "# 2026-01-31, 1 silent",
        "Ill bridge\t4.25\tFLOOD",
        "Ruhr bridge\t3.00\tok",
        "Inn bridge\t2.75\tok",
        "Alm bridge\t1.30\tok",
    ]
    attempts = {task["key"]: task["attempt"] for task in document["tasks"]}
    assert {attempts["stations"], *(attempts[f"levels[{i}]"] for i in range(5))} == {2}
    assert states(document)["reading[3]"] == "skipped"


def test_checks(project: Project) -> None:
    document = run(project, "checks/checks.flow", "-p", 'folders=["lang", "cli"]', "-p", 'tools=["compile", "names"]')
    header, *rows = Path(document["result"]).read_text().splitlines()
    count = {folder: len(list((ROOT / folder).rglob("*.py"))) for folder in ("lang", "cli")}
    assert header.split("\t") == ["", "lang", "cli"]
    assert rows == [f"{tool}\tok ({count['lang']})\tok ({count['cli']})" for tool in ("compile", "names")]


def test_a_check_that_fails_fails_alone(project: Project, tmp_path: Path) -> None:
    for folder, text in (("good", "x = 1\n"), ("bad", "x = = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(text)
    options = ["-p", f"root={tmp_path}", "-p", 'folders=["bad", "good"]', "-p", 'tools=["compile", "names"]']
    document = run(project, "checks/checks.flow", *options, code=1)
    tasks = {task["key"]: task for task in document["tasks"]}
    assert [tasks[f"checked[{key}]"]["state"] for key in range(4)] == ["failed", *["succeeded"] * 3]
    assert tasks["all_right"]["state"] == "failed"
    assert (
        Path(tasks["report"]["result"]).read_text() == "\tbad\tgood\ncompile\tFAILED\tok (1)\nnames\tok (1)\tok (1)\n"
    )


@pytest.fixture
def handbook(tmp_path: Path) -> tuple[str, list[Path]]:
    """Two pages, as a parameter and as they are."""
    pages = [tmp_path / "a.md", tmp_path / "b.md"]
    pages[0].write_text("# All of it\n\n[b](b.md) and [c](c.md)\n")
    pages[1].write_text("# A part\n\nback to [a](a.md)\n")
    return json.dumps([str(page) for page in pages]), pages


def test_an_inventory_of_child_runs(project: Project, handbook: tuple[str, list[Path]]) -> None:
    document = run(project, "handbook/inventory.flow", "-p", f"pages={handbook[0]}")
    table = Path(document["result"].pop("table")).read_text()
    words = [len(page.read_text().split()) for page in handbook[1]]
    assert document["result"] == {"pages": 2, "words": sum(words), "longest": "a.md"}
    assert table == f"{words[0]}\ta.md\tAll of it\n{words[1]}\tb.md\tA part\n"
    children = project.flow("list", "--json", "--workflow", "lib/pages.flow:measure").document["runs"]
    assert [child["state"] for child in children] == ["succeeded"] * 2


def test_links_that_lead_nowhere(project: Project, handbook: tuple[str, list[Path]]) -> None:
    ended = project.flow("run", str(EXAMPLES / "handbook" / "links.flow"), "-p", f"documents={handbook[0]}")
    assert ended.code == 1
    assert "leads nowhere: c.md" in ended.err
    (handbook[1][0].parent / "c.md").write_text("")
    assert run(project, "handbook/links.flow", "-p", f"documents={handbook[0]}")["result"] == 3


def test_the_links_of_this_projects_handbook(project: Project) -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    links = [link for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page)]
    assert run(project, "handbook/links.flow")["result"] == len(links) > 0


def test_an_order_that_is_paid_and_released(project: Project) -> None:
    order = [str(EXAMPLES / "order" / "order.flow"), "-p", "id=17", "-p", "most=20"]
    running = project.start("run", *order, "--json")
    number = until(lambda: asked(project, "paid"))
    paid = project.flow("signal", number, "paid-17", '{"reference": "r-1", "amount": 30.0}')
    assert paid.code == 0, paid.err
    until(lambda: asked(project, "release"))
    assert project.flow("approve", number, "release").code == 0
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    document = json.loads(out)
    assert document["result"] == "17 sent, paid by r-1"
    assert states(document)["dropped"] == "skipped"


def asked(project: Project, task: str) -> str:
    """The order's run, once it waits there."""
    for number in project.runs():
        tasks = project.flow("status", number, "--json").document["tasks"]
        if any(one["key"] == task and "awaits" in one for one in tasks):
            return number
    return ""


def test_walks_are_computed_once(project: Project) -> None:
    first = run(project, "walks/walks.flow", "-p", "walkers=3")
    more = run(project, "walks/walks.flow", "-p", "walkers=5")
    found = {task["key"]: task.get("cached_from") for task in more["tasks"]}
    assert [found[f"ends[{i}]"] for i in range(5)] == [first["run"]] * 3 + [None] * 2
    assert 20 < more["result"]["root_mean_square"] < 700
    again = project.flow("retry", "--with", str(EXAMPLES / "walks" / "walks.flow"), "-p", "columns=40", "--json")
    assert again.code == 0, again.err
    wide = Path(again.document["result"]["picture"]).read_text().splitlines()
    narrow = Path(more["result"]["picture"]).read_text().splitlines()
    assert (max(line.count("#") for line in wide), max(line.count("#") for line in narrow)) == (40, 20)
