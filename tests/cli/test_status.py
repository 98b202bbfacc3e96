"""`flow status` and `flow graph RUN`: what a run's time went to, while it is under way and when it has ended."""

import json
import re
import time

from support.command import Project
from support.waiting import until

TIMED = """flow 1
workflow timed -> int {
  task first -> int { shell "sleep 0.6; echo 1" }
  task side -> int { shell "sleep 0.1; echo 2" }
  task last -> int {
    shell '''
      touch "$FLOW_FOLDER/began"
      until [ -e "$FLOW_FOLDER/go" ]; do sleep 0.02; done
      echo $((~{first} + ~{side}))
    '''
  }
  finally { task bye { shell "true" } }
  return last
}
""".replace("'''", '"""')


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text, re.MULTILINE)
    assert found, f"{pattern} is not in:\n{text}"
    return float(found[1])


def test_status_tells_the_critical_path_and_slack_under_way_and_at_the_end(project: Project) -> None:
    project.write("timed.flow", TIMED)
    with project.running("run", "timed.flow", "-q", "--slots", "2") as engine:
        until(lambda: (project.folder / "began").exists(), what="the last task")
        time.sleep(0.3)
        under_way = project.flow("status").out
        (project.folder / "go").touch()
        assert engine.wait(timeout=60) == 0
    assert re.search(r"^critical path so far: first \d\.\d\ds > last \d\.\d\ds$", under_way, re.MULTILINE)
    assert number(r"^  last +(?:claimed|running) +(\d\.\d\d)s", under_way) >= 0.3
    assert number(r"^  side +succeeded .* slack (\d\.\d\d)s$", under_way) >= 0.3

    ended = project.flow("status").out
    assert re.search(r"^critical path: first \d\.\d\ds > last \d+\.\d+s$", ended, re.MULTILINE)
    assert not re.search(r"^  (first|last|bye) .*slack", ended, re.MULTILINE)
    document = project.flow("status", "--json").document
    assert [step["task"] for step in document["critical_path"]] == ["first", "last"]
    slacks = {task["key"]: task["slack"] for task in document["tasks"]}
    assert slacks["first"] == slacks["last"] == 0
    assert slacks["side"] >= 0.3
    assert slacks["bye"] is None  # it is no part of what the end waited for


def test_the_graph_of_a_run_has_times(project: Project) -> None:
    project.write("timed.flow", TIMED)
    (project.folder / "go").touch()
    run = project.flow("run", "timed.flow", "--json").document["run"]
    shown = project.flow("graph", run).out
    assert number(r"first +shell +✓ succeeded · (\d\.\d\d)s$", shown) >= 0.6
    assert re.search(r"bye +finally · shell +✓ succeeded · \d\.\d\ds$", shown, re.MULTILINE)
    nodes = {node["id"]: node for node in json.loads(project.flow("graph", run, "--format", "json").out)["nodes"]}
    assert nodes["first"]["seconds"] >= 0.6
    assert (nodes["bye"]["phase"], nodes["first"]["phase"]) == ("finally", "")


def test_status_counts_what_was_tried_again_and_what_came_from_the_cache(project: Project) -> None:
    project.write(
        "w.flow",
        """flow 1
workflow w(last: int = 3) -> int {
  task part for n in range(last) -> int { shell "[ ~{n} != 1 -o $FLOW_ATTEMPT = 3 ] && echo ~{n}"; retry = 2; cache = true }
  task total -> int { python 'return sum(part)' }
  return total
}
""".replace("'", '"'),
    )
    for parameter, noted in (
        ("last=3", "3 instances, 3 succeeded, 2 retried"),
        ("last=4", "4 instances, 4 succeeded, 3 cached"),
    ):
        assert project.flow("run", "w.flow", "-p", parameter).code == 0
        assert noted in project.flow("status").out


def test_child_runs_are_listed_with_their_parent_or_left_out(project: Project) -> None:
    project.write(
        "w.flow",
        """flow 1
workflow child(n: int) -> int {
  task t -> int { shell "echo ~{n}" }
  return t
}
workflow main -> int {
  call each_ for n in range(3) = child(n = n)
  return sum(each_)
}
""",
    )
    ended = project.flow("run", "w.flow")
    assert ended.out == "3\n"
    assert "waits for run" not in ended.err  # there may be thousands of them
    listed = project.flow("list").out.splitlines()[1:]
    (parent,) = [line.split()[0] for line in listed if " main " in line]
    assert [line.rpartition("  of ")[2] for line in listed if " child " in line] == [parent] * 3
    assert [line.split()[0] for line in project.flow("list", "--top").out.splitlines()[1:]] == [parent]
    assert [run["run"] for run in project.flow("list", "--top", "--json").document["runs"]] == [parent]
