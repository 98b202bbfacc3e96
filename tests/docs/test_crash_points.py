"""The table of crash points in the docs is the one in the code."""

from pathlib import Path

from flow_engine.crash_points import POINTS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_the_table_of_crash_points_is_complete() -> None:
    section = PAGE.read_text().partition("## Crash points")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{name}` | {what} |" for name, what in POINTS.items()]
