"""Each curl example of docs/server.md is run as it stands there, those of a section one after the other, and each Python example."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flow_engine import states
from support.server import HELLO, SLEEP, Server
from support.waiting import until

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
SECTIONS = {
    section.partition("\n")[0]: [
        block for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) if "curl" in block
    ]
    for section in TEXT.split("\n## ")[1:]
}
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
ASK = (
    'flow 1\nworkflow ask {\n  wait release -> bool { approval = "Go on?" }\n  wait paid -> int { event = "paid" }\n}\n'
)
FAILS = 'flow 1\nworkflow fails {\n  task t { shell "exit 1" }\n}\n'
NAMES = {
    "{task}": "greet",
    "{format}": "svg",
    "{digest}": "$DIGEST",
    "{name}": "NAME",
    "{event}": "paid",
    "{letter}": "$LETTER",
    "{token}": "$TOKEN",
    "{rule}": "ops",
    "{role}": "worker",
}
"""What stands for the parts of a route."""


@pytest.fixture(scope="module")
def variables(server: Server) -> dict[str, str]:
    """What the page says is set."""
    run = server.submit(HELLO)
    server.wait(run, states.SUCCEEDED)
    known = {"FLOW_URL": server.url, "FLOW_TOKEN": server.token, "RUN": run, "NAP": server.submit(SLEEP)}
    known["TOKEN"] = server.post("/tokens", {"name": "one", "scopes": ["read"]}).json["token"]
    known["ASK"] = server.submit(ASK)
    server.wait(server.submit(FAILS), states.FAILED)
    known["LETTER"] = server.get("/dead-letters?workflow=fails").json["letters"][0]["id"]
    until(lambda: all(task["state"] == "waiting" for task in server.get(f"/runs/{known['ASK']}").json["tasks"]))
    return {**os.environ, **known}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl")
@pytest.mark.parametrize("section", [name for name, examples in SECTIONS.items() if examples])
def test_the_examples_of_a_section_work(section: str, variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for example in SECTIONS[section]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", example],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, example + done.stdout + done.stderr
        assert done.stdout or (tmp_path / "graph.svg").stat().st_size, example


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_work(program: str, variables: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "hello Ada\n"), done.stderr


def test_there_are_examples() -> None:
    assert (len(PROGRAMS), sum(map(len, SECTIONS.values())) > 40) == (2, True)


def test_the_page_has_every_route() -> None:
    from flow_server.app import API, routes

    paths = [route.path for route in routes() if route.path.startswith((API, "/metrics", "/healthz", "/readyz"))]
    assert len(paths) > 8
    for path in paths:
        pattern = re.escape("$FLOW_URL" + path)
        for part, shown in {**NAMES, "{run}": r"$RUN"}.items():
            pattern = pattern.replace(re.escape(part), re.escape(shown))
        pattern = pattern.replace(re.escape("$RUN"), r"\$(RUN|NAP|ASK)").replace("NAME", r"\w+")
        pattern = pattern.replace("approvals/greet", "approvals/release")
        assert re.search(pattern, TEXT), path
