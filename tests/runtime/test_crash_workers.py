"""Several workers on one state, killed again and again, over runs with child runs, waits, undos, handlers, a pool and a bound of runs."""

import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from flow_cli.backends.new_run import new_run
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter
from flow_runtime.plans import load_plan
from support.command import Project
from support.waiting import until

SOURCE = '''flow 1
workflow inner(n: int) -> int {
  task first -> int {
    shell """echo first $FLOW_RUN $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects"; sleep 0.1; echo ~{n}"""
    undo { shell """echo undo_first $FLOW_RUN $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects" """ }
  }
  wait pause { after [first]; duration = 200ms }
  task second -> int { after [pause]; python """return first + 1""" }
  finally { task bye { shell """echo bye $FLOW_RUN $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects" """ } }
  return second
}
workflow outer(bad: bool) -> int {
  pool p { slots = 2 }
  concurrency = 3
  task numbers -> list[int] { shell "echo '[1, 2, 3]'" }
  task prep -> str {
    shell """echo prep $FLOW_RUN $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects"; echo x"""
    undo { shell """echo undo_prep $FLOW_RUN $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects" """ }
  }
  call inners for x in numbers = inner(n = x)
  task each for y in inners -> int { shell "sleep 0.1; echo ~{y}"; pool = p }
  task total -> int { after [prep]; shell "[ ~{bad} = false ]; echo ~{sum(each)}" }
  on failure { call told = inner(n = 100) }
  finally { task tidy { shell """echo tidy $FLOW_RUN $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects" """ } }
  return total
}
'''.replace('python """return first + 1"""', "python '''return first + 1'''")
WORKERS, RUNS, SECONDS = 3, 6, 8.0


@pytest.mark.timeout(240)
def test_workers_that_are_killed_again_and_again_finish_all_runs(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    draw, project = random.Random(seed), Project(tmp_path / "a project")
    _submit(project)
    workers = [project.start("worker", "--slots", "2") for _ in range(WORKERS)]
    try:
        over = time.monotonic() + SECONDS
        while time.monotonic() < over:
            time.sleep(draw.uniform(0.05, 0.5))
            at = draw.randrange(WORKERS)
            _kill(workers[at])
            workers[at] = project.start("worker", "--slots", "2")
        until(lambda: all(run.finished_at for run in _runs(project)), seconds=120, what="the end of all runs")
    finally:
        for worker in workers:
            _kill(worker)
    _check(project, seed)


def _submit(project: Project) -> None:
    loaded = load_plan(str(project.write("w.flow", SOURCE)), "outer", None)
    project.home.mkdir(exist_ok=True)
    with closing(project.store()) as store:
        for number in range(RUNS):
            store.submit(new_run(store.newest(), loaded, {"bad": number % 3 == 0}))


def _kill(worker: "subprocess.Popen[str]") -> None:
    worker.send_signal(signal.SIGKILL)
    worker.communicate()


def _runs(project: Project) -> list[RunRecord]:
    with closing(project.store()) as store:
        return store.runs(RunFilter(limit=1000))


def _check(project: Project, seed: int) -> None:
    runs = _runs(project)
    for run in runs:
        if run.workflow == "outer":
            wanted = ("failed", None) if run.params["bad"] else ("succeeded", "9")
            assert (run.state, run.result) == wanted, f"seed {seed}: {run}"
    # three for each run, and one that handles the failure of two of them; a lost worker makes no other
    assert Counter((run.workflow, run.state) for run in runs)["inner", "succeeded"] == 3 * RUNS + RUNS // 3, (
        f"seed {seed}"
    )
    effects = Counter((project.folder / "effects").read_text().splitlines())
    assert max(effects.values()) == 1, f"seed {seed}: an attempt ran twice"
    undone = {line.split()[1] for line in effects if line.startswith("undo_prep")}
    assert undone == {run.id for run in runs if run.params.get("bad")}, f"seed {seed}"
    assert not any(line.startswith("undo_first") for line in effects), f"seed {seed}"
