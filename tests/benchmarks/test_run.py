"""The benchmarks run. What they measure is nobody's test: times are compared in docs/performance.md and never here."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_workload_runs_beside_its_floor() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--scale", "0.02", "--repeat", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("W")]
    assert sorted({line.split()[0] for line in lines}) == ["W1", "W2", "W3", "W4", "W5", "W6", "W6x50", "W7"]
    assert all("of processor a task" in line for line in lines[-3:])
    assert "exit" not in done.stdout, done.stdout


def test_the_language_is_measured_beside_its_floor() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "language.py"), "--scale", "0.01", "--repeat", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    figures = [line.split() for line in done.stdout.splitlines() if line.startswith("L")]
    assert [figure[0] for figure in figures] == ["L1", "L2", "L3", "L4", "L5"]
    assert all(float(figure[-2].rstrip("x")) > 0 for figure in figures)
    keystrokes = [line for line in done.stdout.splitlines() if line.startswith("K")]
    assert [line.split()[0] for line in keystrokes] == ["K1", "K2"]
    assert all("median" in line and "p95" in line for line in keystrokes)
