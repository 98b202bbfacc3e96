"""Values that are too large for memory: the task or run fails with the size and the remedy, and what was made is kept."""

import json
from pathlib import Path

import pytest
from support.command import Project

FLOW = """flow 1
workflow big(n: int, wide: bool = false) -> list[str] {
  task each for i in range(n) -> str { python "return 'x' * (1 << 20)" }
  task last -> int when not wide { python "return sum(len(part) for part in each)" }
  return each
}
"""


@pytest.mark.timeout(300)
def test_more_than_fits_is_not_gathered(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write("big.flow", FLOW)
    ended = project.flow("run", "big.flow", "-p", "n=80", "--json")
    assert ended.code == 1
    tasks = {task["key"]: task for task in ended.document["tasks"]}
    error = tasks["last"]["error"]
    assert error["code"] == "too_large"
    assert error["message"] == (
        "the results of `each` are more than 64 MiB of JSON together: let tasks give files, or use less of their results"
    )


@pytest.mark.timeout(300)
def test_a_result_of_a_run_that_does_not_fit_is_told(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write("big.flow", FLOW)
    ended = project.flow("run", "big.flow", "-p", "n=80", "-p", "wide=true", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "too_large"
    assert json.dumps(ended.document["error"]).count("64 MiB") == 1
