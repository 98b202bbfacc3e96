"""The nightly pipeline, which is the language's own sample, with stand-ins for the services that it talks to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import Project
from support.waiting import until

NIGHTLY = Path(__file__).parents[2] / "examples" / "nightly"
TOKEN = "sesame-open"


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of the example's own service."""
    command = [sys.executable, str(NIGHTLY / "tools" / "service.py"), "0"]
    with subprocess.Popen(
        command, env={**os.environ, "ORDERS_TOKEN": TOKEN}, stdout=subprocess.PIPE, text=True
    ) as shop:
        assert shop.stdout is not None
        try:
            yield f"http://127.0.0.1:{shop.stdout.readline().strip()}"
        finally:
            shop.kill()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("ORDERS_TOKEN", TOKEN)
    return Project(tmp_path / "a project")


def arguments(shop: str) -> list[str]:
    given = ["-p", "day=2026-01-31", "-p", f"api={shop}", "-p", f"hook={shop}/hook"]
    return ["run", str(NIGHTLY / "nightly.flow"), *given]


def test_it_publishes_when_somebody_says_yes(project: Project, shop: str) -> None:
    running = project.start(*arguments(shop), "--json")
    run = until(lambda: asked(project), 30)
    assert project.flow("approve", run, "release").code == 0
    out, err = running.communicate(timeout=60)
    document = json.loads(out)
    assert (running.returncode, document["state"]) == (0, "succeeded"), err
    rows = Path(document["result"]).read_text().splitlines()
    assert rows == ["eu-0,eu,12.5,0.633,v3", "eu-2,eu,7.25,0.367,v3", "us-0,us,30.0,0.870,v3", "us-1,us,4.5,0.130,v3"]
    assert TOKEN not in out + err + everything_below(project.home)


def test_a_no_publishes_nothing(project: Project, shop: str) -> None:
    running = project.start(*arguments(shop), "--json")
    run = until(lambda: asked(project), 30)
    assert project.flow("approve", run, "--reject").code == 0
    out, _ = running.communicate(timeout=60)
    document = json.loads(out)
    assert (document["state"], document["result"]) == ("succeeded", None)
    assert states(document)["publish"] == "skipped"


def test_a_dry_run_skips_the_publication(project: Project, shop: str) -> None:
    document = project.flow(*arguments(shop), "-p", "dry_run=true", "--json").document
    assert (document["state"], document["result"]) == ("succeeded", None)
    found = states(document)
    assert (found["publish"], found["release"], found["checks"], found["tidy_up"]) == (
        "skipped",
        "skipped",
        "succeeded",
        "succeeded",
    )


def test_a_wrong_token_fails_the_night_and_waits_for_no_answer(
    project: Project, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_TOKEN", "another-token")
    ended = project.flow(*arguments(shop), "--json")
    document = ended.document
    assert (ended.code, document["state"]) == (1, "failed")
    found = states(document)
    assert found["fetch"] == "failed"
    assert (found["publish"], found["release"]) == ("upstream_failed", "cancelled")
    assert (found["failure.webhook_1"], found["failure.email_1"]) == ("succeeded", "failed")
    assert found["tidy_up"] == "succeeded"


def test_its_tests_pass(project: Project) -> None:
    ended = project.flow("test", str(NIGHTLY / "nightly.flow"), "--json")
    assert ended.code == 0, ended.out + ended.err
    assert [test["passed"] for test in ended.document["tests"]] == [True, True]


def asked(project: Project) -> str | None:
    runs = project.flow("list", "--json", "--workflow", "nightly").document["runs"]
    if not runs:
        return None
    tasks = project.flow("status", runs[0]["run"], "--json").document["tasks"]
    waits = [task for task in tasks if task["key"] == "release" and "awaits" in task]
    return str(runs[0]["run"]) if waits else None


def states(document: dict) -> dict[str, str]:
    return {task["key"]: task["state"] for task in document["tasks"]}


def everything_below(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())
