"""Interrupts, kills and resumes of real processes."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from support.command import COMMAND, Project
from support.waiting import until

SLEEPERS = """flow 1
workflow w {
  task shells for n in range(3) { shell "sleep 300 & sleep 300" }
  task pythons for n in range(3) {
    python '''
      import subprocess
      subprocess.run(["sleep", "300"])
    '''
  }
}
"""

STOPS_AT_AN_IMPORT = """
import signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "flow_runtime.embedded":
            signal.signal(signal.SIGINT, signal.default_int_handler)  # where it began in the background, it is ignored
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
LAYERS = """flow 1
type Row { n: int, parts: list[int] }

## 1 + 40 + 40 + 36 + 1 + 1 + 1 tasks, in shell and in Python, with elements that flow on and a retry in the middle.
workflow layers(effects: str) -> int {
  task numbers -> list[int] { python '''return list(range(40))''' }
  task first for n in numbers -> int {
    shell "echo first ~{n} >> ~{effects}; echo ~{n}"
  }
  task second for n in first -> int {
    python '''
      import os
      with open(effects, "a") as stream:
          stream.write(f"second {n}\\n")
      if n % 10 == 3 and os.environ["FLOW_ATTEMPT"] == "1":
          raise RuntimeError("the first attempt of some fails")
      return n + 1
    '''
    retry = retry(3, backoff = constant(10ms))
  }
  task third for n in second when n > 4 -> int { shell "echo third ~{n} >> ~{effects}; echo ~{n}" }
  task sum_first -> int { shell "echo sum_first 0 >> ~{effects}; echo ~{sum(first)}" }
  task sum_third -> int { python '''return sum(third)''' }
  task last -> int { shell "echo $((~{sum_first} + ~{sum_third}))" }
  return last
}
"""
KILLS = 33
RESULT = sum(range(40)) + sum(range(5, 41))


def run_id(project: Project) -> str:
    (run,) = project.runs()
    return run


def bodies(project: Project) -> int:
    return sum("sleep" in line for line in project.processes())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_cleanly(project: Project, number: int) -> None:
    project.write("s.flow", SLEEPERS)
    with project.start("run", "s.flow", "--json") as running:
        until(lambda: bodies(project) >= 2, what="running bodies")
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert '"state": "cancelled"' in out
    assert project.processes() == []
    assert project.flow("status", "--json").document["state"] == "cancelled"


def test_an_interrupt_while_the_command_starts_is_told_in_one_line(project: Project) -> None:
    """Python imports for a tenth of a second before there is a run to cancel."""
    project.write("sitecustomize.py", STOPS_AT_AN_IMPORT)
    project.write("s.flow", SLEEPERS)
    environment = {**project.environment(), "PYTHONPATH": str(project.folder)}
    done = subprocess.run(
        [*COMMAND, "run", "s.flow"], cwd=project.folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")
    assert project.runs() == []


def test_a_second_interrupt_stops_at_once_and_the_run_can_be_ended_later(project: Project) -> None:
    project.write(
        "s.flow", "flow 1\nworkflow w {\n  task t { shell \"trap '' TERM; while :; do sleep 300; done\" }\n}\n"
    )
    with project.start("run", "s.flow") as running:
        until(lambda: bodies(project) >= 1, what="a running body")
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        until(lambda: "cancelling" in running.stderr.readline(), what="the first answer")  # type: ignore[union-attr]
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert time.monotonic() - began < 3
    assert running.returncode == 130
    assert project.processes() == []
    assert project.flow("run", "--resume", run_id(project)).code == 1
    assert project.flow("status", "--json").document["state"] == "cancelled"


def test_kill_9_leaves_no_process_behind(project: Project) -> None:
    project.write("s.flow", SLEEPERS)
    with project.start("run", "s.flow") as running:
        until(lambda: bodies(project) >= 3, what="running bodies")
        running.kill()
        running.communicate(timeout=30)
        until(lambda: project.processes() == [], seconds=5, what="the end of all processes")


def test_kill_9_of_engine_and_guardian_leaves_nothing_after_resume(project: Project) -> None:
    """The guardian dies too: then it is the resume that ends what was left, before it starts a body again."""
    project.write(
        "s.flow", 'flow 1\nworkflow w {\n  task t { shell "[ $FLOW_ATTEMPT = 1 ] && sleep 300; echo done" }\n}\n'
    )
    with project.start("run", "s.flow") as running:
        until(lambda: bodies(project) >= 1, what="a running body")
        running.send_signal(signal.SIGSTOP)
        for line in project.processes():
            pid, name = line.split(" ", 1)
            if name.startswith("flow-"):
                os.kill(int(pid), signal.SIGKILL)
        running.kill()
        running.communicate(timeout=30)
    assert bodies(project) >= 1
    ended = project.flow("run", "--resume", run_id(project), "--json")
    assert ended.code == 0
    assert ended.document["tasks"][0]["attempt"] == 2
    assert bodies(project) == 0


def test_a_run_that_is_being_worked_on_is_not_taken(project: Project) -> None:
    project.write("s.flow", 'flow 1\nworkflow w {\n  task t { shell "sleep 300" }\n}\n')
    with project.start("run", "s.flow") as running:
        until(lambda: bodies(project) >= 1, what="a running body")
        ended = project.flow("run", "--resume", run_id(project))
        assert ended.code == 2
        assert "another flow process" in ended.err
        assert project.flow("cancel", run_id(project)).code == 0
        running.communicate(timeout=30)
    assert running.returncode == 1
    assert project.processes() == []


def test_a_killed_guardian_stops_its_engine_and_leaves_nothing(project: Project) -> None:
    project.write("s.flow", SLEEPERS)
    with project.start("run", "s.flow") as running:
        until(lambda: bodies(project) >= 2, what="running bodies")
        guardian = min(int(line.split()[0]) for line in project.processes() if " flow-" in line)
        os.kill(guardian, signal.SIGKILL)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 3
    assert "guardian" in err
    assert project.processes() == []


def test_cancel_of_an_interrupted_run_needs_no_worker(project: Project) -> None:
    project.write("s.flow", 'flow 1\nworkflow w {\n  task t { shell "sleep 300" }\n}\n')
    with project.start("run", "s.flow") as running:
        until(lambda: bodies(project) >= 1, what="a running body")
        running.kill()
        running.communicate(timeout=30)
    assert project.flow("cancel", run_id(project)[:20]).code == 0
    assert project.flow("status", "--json").document["state"] == "cancelled"
    assert project.flow("cancel", run_id(project)).code == 0


def test_two_runs_at_once_on_one_state(project: Project) -> None:
    project.write("l.flow", LAYERS)
    marks = [project.folder / f"effects{number}" for number in range(2)]
    processes = [project.start("run", "l.flow", "-p", f"effects={mark}") for mark in marks]
    for process in processes:
        out, err = process.communicate(timeout=90)
        assert (process.returncode, out) == (0, f"{RESULT}\n"), err
    assert [run["state"] for run in project.flow("list", "--json").document["runs"]] == ["succeeded", "succeeded"]


@pytest.mark.timeout(500)
def test_killed_at_random_moments_and_resumed(project: Project) -> None:
    """A DAG of 120 tasks ends right, and no task whose end was recorded runs again. kills/campaign.py kills more."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    project.write("l.flow", LAYERS)
    kills = runs = 0
    while kills < KILLS:
        runs += 1
        home = project.folder / f"state{runs}"
        project.home = home
        effects = project.folder / f"effects{runs}"
        kills += _run_with_kills(project, effects, draw, most=4)
        document = project.flow("status", "--json").document
        assert (document["state"], document["result"]) == ("succeeded", RESULT), f"seed {seed}"
        _check_effects(project, effects, document["tasks"], seed)
    assert kills >= KILLS


def _run_with_kills(project: Project, effects: Path, draw: random.Random, most: int) -> int:
    """Runs to the end, killing the engine up to `most` times on the way; the number of kills that came before the end."""
    kills = 0
    arguments = ["run", "l.flow", "-p", f"effects={effects}"]
    while True:
        process = project.start(*arguments)
        try:
            process.communicate(timeout=draw.uniform(0.15, 0.7) if kills < most else 90)
        except subprocess.TimeoutExpired:
            recorded = _ended_tasks(project)
            process.kill()
            process.communicate(timeout=30)
            kills += 1
            until(lambda: project.processes() == [], seconds=10, what="the end of all processes")
            assert recorded <= _ended_tasks(project)
        else:
            assert process.returncode == 0
            return kills
        if project.runs():
            arguments = ["run", "--resume", project.runs()[0]]


def _ended_tasks(project: Project) -> set[tuple[int, int]]:
    """(row, attempt) of every task whose success is recorded."""
    if not project.runs():
        return set()
    with closing(project.store()) as store:
        return {(row.seq, row.attempt) for row in store.tasks(project.runs()[0]) if row.state == "succeeded"}


def _check_effects(project: Project, effects: Path, tasks: list[dict[str, object]], seed: int) -> None:
    """Each body ran at least once and at most once for each attempt."""
    attempts = {str(task["key"]): int(str(task["attempt"])) for task in tasks}
    counts = Counter(effects.read_text().splitlines())
    for n in range(40):
        for name, value in (("first", n), ("second", n)):
            ran = counts[f"{name} {value}"]
            assert 1 <= ran <= attempts[f"{name}[{n}]"], f"seed {seed}: {name}[{n}] ran {ran} times"
    assert counts["sum_first 0"] <= attempts["sum_first"], f"seed {seed}"
