"""Rules of the house that no other tool checks."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 420
"""Lines of a source file. Longer ones are redesigned."""


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name]


def test_no_source_file_is_long() -> None:
    long = [(path.name, len(path.read_text().splitlines())) for path in tracked("*.py", "*.ts", "*.lark", "*.sql")]
    assert [(name, lines) for name, lines in long if lines > LIMIT] == []


def test_no_source_root_is_a_package() -> None:
    assert [
        root
        for root in ("lang", "engine", "runtime", "server", "client", "cli")
        if (ROOT / root / "__init__.py").exists()
    ] == []


def test_names_say_what_a_thing_is() -> None:
    vague = ("util", "utils", "helper", "helpers", "manager", "common", "misc")
    assert [path for path in tracked("*.py") if path.stem in vague] == []


def test_the_gate_is_what_ci_runs() -> None:
    assert "python3 check.py" in (ROOT / ".ci" / "run").read_text()
    assert "python3 check.py" in (ROOT / "Makefile").read_text()
    assert "python3 check.py" in (ROOT / "README.md").read_text()
