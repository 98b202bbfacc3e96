"""Waits, and answering them from another terminal."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from support.command import Project
from support.waiting import until

RELEASE = """flow 1
workflow w(day: str = "monday") -> str {
  wait release -> bool { approval = "Publish ~{day}?"; timeout = 1h }
  wait paid -> int { event = "paid"; timeout = 1h }
  task end_ -> str when release { shell "echo ~{paid}" }
  return end_ ?? "refused"
}
"""
CHILDREN = """flow 1
workflow inner(q: str) -> str {
  wait ok -> bool { approval = "go on with ~{q}?" }
  task t -> str when ok { shell "echo inner ~{q}" }
  return t ?? "refused"
}
workflow w -> list[str] {
  call c for q in ["a", "b"] = inner(q = q)
  return c
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


def runs(project: Project, workflow: str) -> list[str]:
    return [run["run"] for run in project.flow("list", "--json", "--workflow", workflow).document["runs"]]


def waits(project: Project, run: str) -> dict[str, Any]:
    tasks = project.flow("status", run, "--json").document["tasks"]
    return {task["key"]: task["awaits"] for task in tasks if "awaits" in task}


def waiting_run(project: Project, workflow: str, count: int) -> str:
    def found() -> str:
        started = runs(project, workflow)
        return started[0] if started and len(waits(project, started[0])) == count else ""

    return until(found)


def test_an_approval_and_an_event_go_on_with_the_run(project: Project) -> None:
    project.write("w.flow", RELEASE)
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 2)
    assert waits(project, run)["release"] | {"until": ""} == {
        "kind": "approval",
        "name": "release",
        "text": "Publish monday?",
        "until": "",
    }
    shown = project.flow("status", run).out
    assert f"Publish monday?  (flow approve {run} release)" in shown
    wrong = project.flow("signal", run, "paid", '"much"')
    assert wrong.code != 0
    assert "paid waits for a `int`" in wrong.err
    assert project.flow("signal", run, "paid", "12").code == 0
    assert project.flow("approve", run, "relese").code != 0
    assert project.flow("approve", run).code == 0
    out, err = running.communicate(timeout=60)
    assert json.loads(out)["result"] == "12", err
    late = project.flow("approve", run)
    assert late.code != 0
    assert "waits for no approval" in late.err


def test_a_rejected_approval_is_false(project: Project) -> None:
    project.write("w.flow", RELEASE)
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 2)
    project.flow("signal", run, "paid", "12")
    project.flow("approve", run, "--reject")
    out, _ = running.communicate(timeout=60)
    assert json.loads(out)["result"] == "refused"


def test_a_signal_is_kept_while_nobody_works_on_the_run(project: Project) -> None:
    project.write("w.flow", RELEASE)
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 2)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert project.flow("signal", run, "paid", "7").code == 0
    assert project.flow("approve", run).code == 0
    assert project.flow("run", "--resume", run, "--json").document["result"] == "7"


def test_child_runs_are_answered_through_their_parent_and_outlive_a_kill(project: Project) -> None:
    project.write("w.flow", CHILDREN)
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 2)
    children = until(lambda: runs(project, "inner") if len(runs(project, "inner")) == 2 else [])
    for child in children:
        until(lambda child=child: waits(project, child))
    ambiguous = project.flow("approve", run)
    assert "waits for several approvals" in ambiguous.err
    running.send_signal(signal.SIGKILL)
    running.communicate()
    for child in children:
        assert project.flow("approve", child).code == 0
    resumed = project.flow("run", "--resume", run, "--json").document
    assert resumed["result"] == ["inner a", "inner b"]
    assert len(runs(project, "inner")) == 2


def test_a_cancelled_parent_ends_its_children_first(project: Project) -> None:
    project.write("w.flow", CHILDREN)
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 2)
    assert project.flow("cancel", run).code == 0
    running.communicate(timeout=60)
    states = {item["run"]: item["state"] for item in project.flow("list", "--json").document["runs"]}
    assert set(states.values()) == {"cancelled"}
    assert len(states) == 3


def test_a_wait_ends_with_its_default_or_fails_with_its_time(project: Project) -> None:
    project.write(
        "w.flow",
        """flow 1
workflow w {
  wait a -> str { event = "never"; timeout = 200ms; default = "nothing came" }
  wait b -> str { event = "never"; timeout = 200ms }
  wait pause { duration = 200ms }
  task late -> str { after [pause]; shell "echo ~{a}" }
}
""",
    )
    document = project.flow("run", "w.flow", "--json").document
    tasks = {task["key"]: task for task in document["tasks"]}
    assert tasks["late"]["result"] == "nothing came"
    assert (tasks["b"]["state"], tasks["b"]["error"]["code"]) == ("failed", "timeout")


def test_an_event_with_a_name_of_the_run_is_checked_too(project: Project) -> None:
    project.write("w.flow", 'flow 1\nworkflow w(n: int = 3) -> int { wait a -> int { event = "n-~{n}" }; return a }\n')
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 1)
    wrong = project.flow("signal", run, "n-3", '{"much": 1}')
    assert wrong.code != 0
    assert "a waits for a `int`" in wrong.err
    assert project.flow("signal", run, "n-3", "12").code == 0
    out, err = running.communicate(timeout=60)
    assert json.loads(out)["result"] == 12, err


def test_the_first_answer_counts_and_the_second_is_told(project: Project) -> None:
    project.write("w.flow", RELEASE)
    running = project.start("run", "w.flow", "--json")
    run = waiting_run(project, "w", 2)
    running.send_signal(signal.SIGKILL)  # nobody takes the answer before the second one comes
    running.communicate()
    assert project.flow("approve", run, "release").code == 0
    again = project.flow("approve", run, "release", "--reject")
    assert again.code == 2
    assert "was approved already" in again.err


def test_one_name_in_several_child_runs_is_told_with_the_commands(project: Project) -> None:
    project.write("w.flow", CHILDREN)
    with project.start("run", "w.flow", "--json") as running:
        run = waiting_run(project, "w", 2)
        children = until(lambda: runs(project, "inner") if len(runs(project, "inner")) == 2 else [])
        for child in children:
            until(lambda child=child: waits(project, child))
        several = project.flow("approve", run, "ok")
        assert several.code == 2
        assert all(f"flow approve {child} ok" in several.err for child in children)
        running.kill()


def test_a_child_run_that_somebody_cancels_fails_its_parent(project: Project) -> None:
    project.write("w.flow", CHILDREN)
    running = project.start("run", "w.flow", "--json")
    waiting_run(project, "w", 2)
    children = until(lambda: runs(project, "inner") if len(runs(project, "inner")) == 2 else [])
    for child in children:
        assert project.flow("cancel", child).code == 0
    out, err = running.communicate(timeout=60)
    document = json.loads(out)
    assert document["state"] == "failed", err
    errors = [task["error"] for task in document["tasks"] if task["key"].startswith("c[")]
    assert {error["code"] for error in errors} == {"child_failed"}
    assert all("was cancelled" in error["message"] for error in errors)


def test_a_child_run_of_finally_runs_to_its_end_after_a_cancel_and_in_spite_of_another(project: Project) -> None:
    project.write(
        "w.flow",
        '''flow 1
workflow clean(x: int) -> str {
  task t -> str {
    shell """cd "$FLOW_FOLDER"; touch began; until [ -e go ]; do sleep 0.05; done; echo cleaned"""
  }
  return t
}
workflow w {
  task a { shell """touch "$FLOW_FOLDER/runs"; sleep 300""" }
  finally { call c = clean(x = 1) }
}
''',
    )
    running = project.start("run", "w.flow", "--json")
    until((project.folder / "runs").exists, what="the first task")
    (run,) = runs(project, "w")
    assert project.flow("cancel", run, "--wait", "0").code == 0
    until((project.folder / "began").exists, what="the child run of finally")
    assert project.flow("cancel", run, "--wait", "0").code == 0
    project.write("go", "")
    out, err = running.communicate(timeout=60)
    tasks = {task["key"]: task["state"] for task in json.loads(out)["tasks"]}
    assert tasks == {"a": "cancelled", "c": "succeeded"}, err


def test_a_child_run_that_its_parent_gave_up_is_ended_too(project: Project) -> None:
    project.write(
        "w.flow",
        '''flow 1
workflow inner {
  task t { shell "sleep 300" }
  finally { task tidy { shell """sleep 0.5; touch "$FLOW_FOLDER/tidied" """ } }
}
workflow w { task a { call inner(); timeout = 300ms } }
''',
    )
    document = project.flow("run", "w.flow", "--json").document
    assert document["tasks"][0]["error"]["code"] == "timeout"
    (child,) = project.flow("list", "--workflow", "inner", "--json").document["runs"]
    assert child["state"] == "cancelled"
    assert (project.folder / "tidied").exists()


def test_a_child_run_that_a_failure_comes_before_is_not_begun(project: Project) -> None:
    """Both were decided in one step. The command ended with `there is no run`, and the run stayed open."""
    text = """flow 1
workflow inner { task x { shell "true" } }
workflow w(n: int) {
  fail_fast = true
  task bad when 10 / n > 0 { shell "true" }
  call c = inner()
}
"""
    project.write("w.flow", text)
    ended = project.flow("run", "w.flow:w", "-p", "n=0", "--json")
    assert ended.code == 1
    assert [task["state"] for task in ended.document["tasks"]] == ["failed", "cancelled"]
    assert len(project.flow("list", "--json").document["runs"]) == 1
