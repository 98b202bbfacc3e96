"""What a worker shows to Prometheus is what it did."""

import signal
import socket
from pathlib import Path

from support.command import Project
from support.metrics import scrape, told_url, value
from support.waiting import until

FAN = """flow 1
workflow fan {
  pool narrow { slots = 1 }
  task one for i in range(5) { shell "sleep 0.02"; pool = narrow }
  task bad { shell "exit 3"; retry = retry(2); optional = true }
  task two { after [one]; shell "true" }
}
"""
HELD = """flow 1
workflow held {
  pool narrow { slots = 1 }
  task one for i in range(4) { shell "sleep 60"; pool = narrow }
}
"""


def test_a_worker_counts_attempts_by_workflow_kind_and_how_they_ended(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("fan.flow", FAN)
    with project.running("worker", "--slots", "2", "--metrics-port", "0") as worker:
        url = told_url(worker)
        assert project.flow("run", "fan.flow", "--detach").code == 0
        until(lambda: value(scrape(url), "flow_runs_ended_total") == 1, what="the end of the run")
        found = scrape(url)
    here = {"workflow": "fan", "kind": "shell"}
    assert value(found, "flow_task_attempts_total", **here, outcome="succeeded") == 6
    assert value(found, "flow_task_attempts_total", **here, outcome="failed") == 3
    assert value(found, "flow_task_failures_total", **here, code="exit") == 3
    assert value(found, "flow_task_duration_seconds_count", **here) == 9
    assert value(found, "flow_task_duration_seconds_sum", **here) >= 5 * 0.02
    assert value(found, "flow_task_start_delay_seconds_count", **here) == 9
    assert value(found, "flow_runs_ended_total", workflow="fan", state="succeeded") == 1
    assert value(found, "flow_worker_slots") == 2
    assert value(found, "flow_database_seconds_count", operation="tick") > 0


def test_a_worker_tells_what_waits_behind_a_pool_and_for_how_long(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("held.flow", HELD)
    with project.running("worker", "--slots", "2", "--metrics-port", "0") as worker:
        url = told_url(worker)
        assert project.flow("run", "held.flow", "--detach").code == 0
        until(lambda: value(scrape(url), "flow_ready_tasks", pool="held/narrow") == 3, what="three that wait")
        found = scrape(url)
        later = scrape(url)
        assert value(found, "flow_worker_slots_busy") == 1
        oldest = [value(one, "flow_ready_oldest_seconds", pool="held/narrow") for one in (found, later)]
        assert 0 < oldest[0] < oldest[1]
        for _ in range(2):
            worker.send_signal(signal.SIGTERM)


def test_a_run_of_a_worker_that_was_killed_is_counted_as_taken_over(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("held.flow", HELD.replace("sleep 60", "sleep 0.4").replace("range(4)", "range(2)"))
    with project.running("worker", "--metrics-port", "0") as first:
        url = told_url(first)
        assert project.flow("run", "held.flow", "--detach").code == 0
        until(lambda: value(scrape(url), "flow_worker_slots_busy") == 1, what="a body that runs")
        first.kill()
        first.wait(10)
    with project.running("worker", "--metrics-port", "0") as second:
        url = told_url(second)
        until(lambda: value(scrape(url), "flow_runs_ended_total", state="succeeded") == 1, what="the end of the run")
        found = scrape(url)
    assert value(found, "flow_runs_taken_over_total") == 1
    assert value(found, "flow_task_attempts_total", workflow="held", kind="shell", outcome="lost") == 1
    assert value(found, "flow_task_attempts_total", workflow="held", kind="shell", outcome="succeeded") == 2


def test_a_port_that_is_taken_is_told_with_the_remedy(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = project.flow("worker", "--metrics-port", str(taken.getsockname()[1]))
    assert done.code == 2
    assert "the port is in use; give another with --metrics-port" in done.err
