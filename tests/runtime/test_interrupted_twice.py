"""A worker that is told to stop at once leaves claims behind, of which some had started and others not."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from support.command import Project
from support.waiting import until

ONCE = """flow 1
workflow w {
  task a for i in [0, 1, 2, 3, 4, 5] {
    shell "cd $FLOW_FOLDER; echo ~{i} >>begun; test -e go || sleep 60"
    at_most_once = true
  }
}
"""


def test_what_it_had_claimed_and_not_started_costs_no_attempt(tmp_path: Path) -> None:
    """Its start cursor went with it, so that all of its claims counted as started: what may start only once failed without a start."""
    project = Project(tmp_path / "p")
    project.write("w.flow", ONCE)
    begun = project.folder / "begun"
    with project.running("run", "--slots", "2", "w.flow") as process:
        until(lambda: begun.exists() and len(begun.read_text().split()) == 2 and in_flight(project) > 2)
        for number in (
            signal.SIGSTOP,
            signal.SIGINT,
            signal.SIGTERM,
            signal.SIGCONT,
        ):  # both at once, before it can cancel
            process.send_signal(number)
        process.wait(30)
    assert in_flight(project) > 2, "nothing was claimed ahead: the test says nothing"
    started = {int(number) for number in begun.read_text().split()}
    assert len(started) == 2
    project.write("go", "")
    (run,) = project.runs()
    assert project.flow("run", "--resume", run).code == 1
    rows = {row.place: row for row in project.store().tasks(run) if row.place is not None}
    assert {place: row.state for place, row in rows.items()} == {
        place: "failed" if place in started else "succeeded" for place in range(6)
    }
    assert {place: row.losses for place, row in rows.items()} == {place: int(place in started) for place in range(6)}
    assert sorted(begun.read_text().split()) == ["0", "1", "2", "3", "4", "5"]
    assert not list((project.home / "engines").iterdir())


def in_flight(project: Project) -> int:
    with closing(sqlite3.connect(project.home / "flow.db")) as state:
        query = "SELECT count(*) FROM task WHERE state IN ('claimed', 'running')"
        return int(state.execute(query).fetchone()[0])
