"""Many results of 1 MB: what they take in memory is bounded whatever their number, and what does not fit is told."""

import os

import pytest
from support.command import Project
from support.peaks import watching

COUNT = int(os.environ.get("FLOW_TEST_RESULTS", "200"))
"""Instances; the campaign in docs/reliability.md takes 10,000."""
MIB = 1 << 20
TEXTS = """flow 1
workflow texts(n: int) -> int {
  task each for i in range(n) -> str { python "return f'{i:08}' * (1 << 17)" }
  task size for text in each -> int { python "return len(text)" }
  return sum(size)
}
"""
FILES = """flow 1
workflow files(n: int) -> int {
  task each for i in range(n) -> file {
    python '''
      with open("made", "w") as stream: stream.write(f"{i:08}" * (1 << 17))
      return "made"
    '''
  }
  task size for made in each -> int { python "return made.stat().st_size" }
  task all -> int { python "return sum(path.stat().st_size for path in each)" }
  return all
}
"""
GATHER = """flow 1
workflow gather(n: int) -> int {
  task each for i in range(n) -> str { python "return f'{i:08}' * (1 << 17)" }
  task all -> int { python "return sum(map(len, each))" }
  return all
}
"""


@pytest.mark.slow
@pytest.mark.timeout(60 + COUNT)
@pytest.mark.parametrize(("name", "source"), [("texts", TEXTS), ("files", FILES)])
def test_memory_does_not_grow_with_the_number_of_results(project: Project, name: str, source: str) -> None:
    project.write("w.flow", source)
    with watching(project) as peak, project.start("run", "w.flow", "-p", f"n={COUNT}", "-q") as running:
        out, err = running.communicate(timeout=50 + COUNT)
    assert (running.returncode, out.strip()) == (0, str(COUNT * MIB)), err
    assert peak.memory < 160 * MIB
    size = sum(path.lstat().st_blocks * 512 for path in project.home.rglob("*") if path.is_file())
    assert size < (COUNT * 1.3 + 40) * MIB, "a result is kept once"
    print(f"{COUNT} {name} of 1 MiB: {peak.memory / MIB:.0f} MiB resident at most, {size / MIB:.0f} MiB on disk")


@pytest.mark.slow
def test_what_does_not_fit_into_one_body_is_told(project: Project) -> None:
    project.write("w.flow", GATHER)
    with watching(project) as peak:
        ended = project.flow("run", "w.flow", "-p", "n=100", "--json")
    assert ended.code == 1
    (error,) = [task["error"] for task in ended.document["tasks"] if task["error"]]
    assert error["code"] == "too_large"
    assert "give files" in error["message"]
    assert peak.memory < 450 * MIB
