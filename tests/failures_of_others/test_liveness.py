"""A worker that is busy is not dead."""

from support.command import Project
from support.waiting import until

BUSY = """flow 1
workflow w -> int {
  task burn -> int {
    python '''
      import os
      with open(os.environ["FLOW_FOLDER"] + "/began", "a") as stream:
          stream.write(os.environ["FLOW_ATTEMPT"] + "\\n")
      total = sum(range(60_000_000))  # one call of C: nothing else of this process runs meanwhile
      return total % 7
    '''
  }
  return burn
}
"""


def test_dramatiq_692_a_body_that_burns_the_processor_is_not_taken_for_lost(project: Project) -> None:
    """There its heartbeat was missed, and another worker began it again. Here a second worker looks for work all the time."""
    project.write("w.flow", BUSY)
    with project.running("run", "w.flow", "-q") as engine:
        until(lambda: (project.folder / "began").exists(), what="the body")
        with project.running("worker", "--slots", "1"):
            out, err = engine.communicate(timeout=90)
    assert engine.returncode == 0, err
    assert out == f"{sum(range(60_000_000)) % 7}\n"
    assert (project.folder / "began").read_text() == "1\n"
