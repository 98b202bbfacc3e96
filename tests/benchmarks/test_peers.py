"""The benchmark beside others: make, and peers that are written here. No time is judged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks" / "peers.py"
FAKE = """
INSTALL = ()
WORKLOADS = ("W1", "W2")
MOST = 10
def measure(shape, folder):
    assert not list(folder.iterdir())
    return float(len(shape.parents))
"""
BROKEN = """
INSTALL = ()
def measure(shape, folder):
    raise RuntimeError("the other engine fell over")
"""
ABSENT = """
INSTALL = ("./no-such-folder-of-a-package",)
def measure(shape, folder):
    return 1.0
"""


def peers(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PEERS), "--repeat", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def rows(said: str) -> dict[str, list[str]]:
    lines = [line.strip("|").split("|") for line in said.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_make_runs_every_workload_but_runs_that_it_has_not() -> None:
    done = peers("--only", "make", "--scale", "0.01")
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert table[""] == ["Flow", "floor", "make"]
    assert [name for name in table if name.startswith("W")] == ["W1", "W2", "W3", "W4", "W5", "W6", "W6x50"]
    assert table["W6"][2] == "-"
    for name in ("W1", "W2", "W3", "W4", "W5"):
        assert float(table[name][2].split()[0]) > 0
    assert "not measured" not in done.stdout


def test_a_peer_is_measured_scaled_and_one_that_fails_is_told(tmp_path: Path) -> None:
    for name, text in (("fake", FAKE), ("broken", BROKEN), ("absent", ABSENT)):
        (tmp_path / f"{name}.py").write_text(text)
    folders = ("--peers", str(tmp_path), "--cache", str(tmp_path / "cache"))
    done = peers("--scale", "0.02", "--workloads", "W1", "W2", "W4", *folders)
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert table[""] == ["Flow", "floor", "broken", "fake"]
    assert table["W1"][3].startswith("4.000 (")
    assert table["W2"][3].startswith("~42.000 (")  # a second a task, from a smaller graph
    assert table["W4"][3] == "-"
    assert [table[name][2] for name in ("W1", "W2", "W4")] == ["-", "-", "-"]
    assert "broken W1: not measured: exit 1: RuntimeError: the other engine fell over" in done.stdout
    assert "absent: not measured: does not install: " in done.stdout


def test_a_name_that_is_no_peer_is_told_with_those_that_are() -> None:
    done = peers("--only", "nobody")
    assert done.returncode == 2
    assert "no peer nobody" in done.stderr
    assert "luigi" in done.stderr


def test_the_makefile_has_a_rule_with_its_needs_for_each_task(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code = (
        "import json, pathlib, sys, peer_run, workloads; peer_run.load(pathlib.Path(sys.argv[1]));"
        "shape = workloads.Shape('W3', '', [[], [], [0, 1]]);"
        "print(json.dumps(sys.modules['peer_make'].makefile_of(shape)))"
    )
    monkeypatch.setenv("PYTHONPATH", str(PEERS.parent))
    made = subprocess.run(
        [sys.executable, "-c", code, str(PEERS.parent / "peer" / "make.py")],
        capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path,
    )  # fmt: skip
    text = json.loads(made.stdout)
    assert "t2: t0 t1\n\ttrue\n" in text
    assert text.startswith(".PHONY: all t0 t1 t2\nall: t0 t1 t2\n")
