"""What the README shows is what the commands print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][:40])
def test_a_console_block_is_what_is_printed(block: str, tmp_path: Path) -> None:
    command, _, expected = block.partition("\n")
    assert command.startswith("$ flow ")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "FLOW_HOME": str(tmp_path), "NO_COLOR": "1", "PATH": path}
    done = subprocess.run(
        ["bash", "-c", command.removeprefix("$ ")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout + done.stderr).strip() == expected.strip()


def test_the_pipelines_of_the_readme_run(tmp_path: Path) -> None:
    sources = re.findall(r"```flow\n(.*?)```", README, re.DOTALL)
    results = []
    for number, source in enumerate(sources):
        path = tmp_path / f"{number}.flow"
        path.write_text(source)
        done = subprocess.run(
            [sys.executable, "-m", "flow_cli.main", "run", str(path), "-q"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        results.append(done.stdout)
    assert results == ["hello world\n", "3\n"]


def test_the_first_command_names_files_that_are_there() -> None:
    (command,) = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert (ROOT / command.split()[-1]).exists()


def test_links_lead_somewhere() -> None:
    for page in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        ROOT / "examples" / "README.md",
    ]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
