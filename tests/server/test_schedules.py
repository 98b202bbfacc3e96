"""`flow server` fires the schedules of its state."""

import signal
import time
from pathlib import Path

from support.command import Project
from support.schedules import deploy_since, fired, instants, whole
from support.server import Server
from support.waiting import until


def test_what_is_deployed_is_fired_and_worked_on_by_a_server_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    deploy_since(project, 0.2)
    with Server(project) as server:
        until(lambda: len(server.get("/runs?workflow=tick&state=succeeded").json["runs"]) >= 11, what="the runs")
    assert whole(instants(project))
    assert any("flow server: tick " in line for line in server.lines)


def test_it_ends_in_the_middle_of_a_long_catch_up(tmp_path: Path) -> None:
    project = Project(tmp_path)
    deploy_since(project, 24 * 7)
    with Server(project) as server:
        until(lambda: fired(project) >= 5)
        began = time.monotonic()
        assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 6
    assert fired(project) < 1000


def test_schedules_can_be_left_to_others(tmp_path: Path) -> None:
    project = Project(tmp_path)
    deploy_since(project, 0.2)
    with Server(project, "--no-schedules") as server:
        run = server.submit('flow 1\nworkflow hand { task t { shell "true" } }\n')
        server.wait(run, "succeeded")
        assert fired(project) == 1
