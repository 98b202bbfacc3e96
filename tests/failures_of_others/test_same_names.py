"""Machines that restart, and workers that come back: what they left is taken up, by whoever has the same name as well."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_runtime.plans import load_plan
from flow_runtime.schedules.scheduler import Scheduler, Told
from flow_runtime.schedules.specs import deployment
from support.command import Project
from support.waiting import until
from support.world import World

NIGHTLY = """flow 1
workflow nightly {
  schedule = cron("* * * * *", overlap = skip, catchup = none)
  concurrency = 1
  task hold {
    shell '''
      echo "$FLOW_ATTEMPT" >> "$FLOW_FOLDER/began"
      [ "$FLOW_ATTEMPT" != 1 ] || [ -e "$FLOW_FOLDER/quick" ] || sleep 600
    '''
  }
}
""".replace("'''", '"""')


def attempts(project: Project) -> list[str]:
    path = project.folder / "began"
    return path.read_text().split() if path.exists() else []


def state_of(project: Project, run: str) -> str:
    with closing(project.store()) as store:
        return store.run(run).state


@contextmanager
def worker(project: Project) -> Iterator[None]:
    """A worker, until the end of the block, where it and all that it has started is killed, as by a power cut."""
    with project.running("worker", "--slots", "1") as process:
        yield
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    until(lambda: not project.processes(), what="the end of all that it had started")


@pytest.mark.parametrize("left", ["pending", "running"])
def test_prefect_17955_a_run_that_a_restart_left_over_ends_and_its_schedule_goes_on(left: str, tmp_path: Path) -> None:
    """There it stayed pending or running for ever, and a limit of one run cancelled all that came after it."""
    project = Project(tmp_path / "p")
    path = project.write("nightly.flow", NIGHTLY)
    project.home.mkdir()
    began = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
    told: list[Told] = []

    def instant(minute: int) -> Told:
        with closing(project.store()) as store:
            Scheduler(store, told.append, lambda *_: None, lambda: began + 60.0 * minute + 1).step()
        return told[-1]

    new = deployment(load_plan(str(path), "nightly", None), began)
    with closing(project.store()) as store:
        store.deploy(new)
    first = instant(1)
    assert first.act == "fire"
    if left == "running":
        with worker(project):
            until(lambda: attempts(project) == ["1"], what="the body")
    else:
        (project.folder / "quick").touch()
        with closing(project.store()) as store:  # a worker that dies before it has claimed anything
            assert store.adopt("nobody", first.run, time.time()) is not None
    assert instant(2).act == "skip"

    with project.running("worker", "--slots", "1"):
        until(lambda: state_of(project, first.run) == "succeeded", what="the end of the run that was left over")
        (project.folder / "quick").touch()
        second = instant(3)
        assert second.act == "fire"
        until(lambda: state_of(project, second.run) == "succeeded", what="the run after it")
    assert attempts(project) == (["1", "2", "1"] if left == "running" else ["1", "1"])


def namespace() -> list[str]:
    """What starts a command such that it has the same process id each time. Skips, loudly, where this machine gives no namespaces."""
    said = "there is no unshare (util-linux)"
    for own in ([], ["-U", "-r"]):
        command = ["unshare", *own, "--pid", "--fork", "--kill-child"]
        if shutil.which("unshare") is None:
            break
        done = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=30)
        if done.returncode == 0:
            return command
        said = done.stderr.strip()
    pytest.skip(f"neither root nor a user may have a process namespace here ({said})")


def test_oban_862_a_worker_with_the_name_and_number_of_the_one_before_takes_up_what_that_left(tmp_path: Path) -> None:
    """There jobs were kept under the name of their node. One that restarted under its old name was taken for alive, and what it had been
    doing stayed executing for ever. Here both lives have the same host and the same process id, as in a container."""
    project = Project(tmp_path / "p")
    project.before = namespace()
    path = project.write("w.flow", NIGHTLY)
    project.home.mkdir()
    loaded = load_plan(str(path), "nightly", None)
    assert loaded.plan is not None
    with closing(project.store()) as store:
        World(store).submit(loaded.plan, "run-1", folder=str(project.folder))

    def numbers() -> set[str]:
        return {path.read_text() for path in (project.home / "engines").glob("*.lock")}

    with worker(project):
        until(lambda: attempts(project) == ["1"], what="the body")
        before = numbers()
        assert len(before) == 1
    with project.running("worker", "--slots", "1"):
        until(lambda: attempts(project) == ["1", "2"], what="the body of the second life")
        assert numbers() == before
        until(lambda: state_of(project, "run-1") == "succeeded", what="the end of the run")
    with closing(project.store()) as store:
        assert [(one.attempt, one.state) for one in store.attempts("run-1", 0)] == [(1, "lost"), (2, "succeeded")]
        assert len({one.worker for one in store.attempts("run-1", 0)}) == 2
