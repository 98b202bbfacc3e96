"""The README's first command, word by word, in a folder with a space in its name and without this environment."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(400)
def test_it_installs_flow_and_runs_a_pipeline_to_its_end(tmp_path: Path) -> None:
    clone = tmp_path / "a fresh clone"
    clone.mkdir()
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    (command,) = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VIRTUAL_ENV", "PYTHON", "FLOW_", "COV_"))
    }
    done = subprocess.run(["sh", "-c", command], cwd=clone, env=kept, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.splitlines()[-1])
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    assert "succeeded in" in done.stderr
    assert ".flow" in page.parts  # whose, depends on what lies above the folder of the tests
