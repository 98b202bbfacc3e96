"""The benchmarks run. What they measure is nobody's test: times are compared in docs/performance.md and never here."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_workload_runs_beside_its_floor() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--scale", "0.02", "--repeat", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("W")}
    assert sorted(lines) == ["W1", "W2", "W3", "W4", "W5", "W6"]
    assert "exit" not in done.stdout, done.stdout
