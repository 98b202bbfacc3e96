"""`flow gc` broken off anywhere, beside whatever works: no file that something names is ever removed."""

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from flow_runtime.files import ContentStore
from flow_runtime.retention import collect, content, policy
from flow_runtime.retention.collect import Collector
from flow_runtime.retention.policy import Policy
from flow_runtime.state_folder import StateFolder
from support.command import Project
from support.retention import age_files, files, gc, named_in, opened, rows, world_run


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    made = StateFolder(str(tmp_path / "state"))
    made.make()
    return made


class Killed(BaseException):
    """Stands in for kill -9 in the middle of a removal; what is durable then is the same."""


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_at_any_step_loses_nothing_that_is_named_and_the_next_one_ends_it(tmp_path: Path, seed: int) -> None:
    """Each deletion in the file system and each statement that writes is a step."""
    steps, step = 1, 0
    while step < steps:
        state = StateFolder(str(tmp_path / f"{seed}-{step}" / "state"))
        state.make()
        _fill(state, random.Random(seed))
        pid = os.fork()
        if pid == 0:
            try:
                os._exit(100 + min(_gc_killed_at(state, step), 100))
            finally:
                os._exit(1)
        status = os.waitpid(pid, 0)[1]
        assert named_in(state) <= files(state), f"seed {seed}, step {step}"
        if os.WIFEXITED(status):
            steps = 0
            assert os.WEXITSTATUS(status) >= 100
        else:
            assert os.WTERMSIG(status) == signal.SIGKILL
            steps = step + 2
        gc(state, Policy(runs=1))
        assert rows(state, "run") == 2
        age_files(state)  # the folder that a kill has left empty is young
        gc(state, Policy(runs=1))
        assert files(state) == named_in(state), f"seed {seed}, step {step}"
        step += 1
    assert step > 10


def _fill(state: StateFolder, drawn: random.Random) -> None:
    for n in range(4):
        texts = [f"text {drawn.randrange(6)}" for _ in range(3)]
        world_run(state, f"{n}" * 26, texts, 1000.0 + n)
        os.makedirs(os.path.join(state.logs, f"{n}" * 26))
    with opened(state) as store:
        store._connection.execute("UPDATE run SET workflow = 'v' WHERE id = ?", ("1" * 26,))
    for name in os.listdir(state.logs):
        os.utime(os.path.join(state.logs, name), (1000.0, 1000.0))
    age_files(state)


def _gc_killed_at(state: StateFolder, step: int) -> int:
    left = step

    def count(*_: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    for name in ("unlink", "rmdir"):
        real = getattr(os, name)
        setattr(os, name, lambda *a, real=real, **k: (count(), real(*a, **k))[1])
    with opened(state) as store:
        store._connection.set_trace_callback(
            lambda sql: count() if sql.startswith(("DELETE", "COMMIT", "BEGIN")) else None
        )
        Collector(state, store, store.removal).collect(Policy(runs=1))
    return step - left


@pytest.mark.parametrize("seed", range(12))
def test_no_file_that_is_named_is_ever_removed(tmp_path: Path, seed: int) -> None:
    """Random runs that share contents, random policies, and bodies that keep files while the removal is under way."""
    print("seed", seed)
    drawn = random.Random(seed)
    state = StateFolder(str(tmp_path / "state"))
    state.make()
    pending: list[tuple[str, list[str]]] = []
    number = 0
    real = collect.references

    def meanwhile(texts: Any) -> Any:
        found = real(texts)
        for _ in range(drawn.randrange(3)):
            body = tmp_path / "body"
            body.write_text(f"text {drawn.randrange(8)}")
            pending.append((f"{number:026d}", [ContentStore(state.files).keep(str(body), "made.txt").path]))
        return found

    for _ in range(12):
        if drawn.random() < 0.6:
            number += 1
            world_run(
                state,
                f"{number:026d}",
                [f"text {drawn.randrange(8)}" for _ in range(drawn.randrange(1, 4))],
                1000.0 + number,
            )
        if drawn.random() < 0.7:
            age_files(state)
        if drawn.random() < 0.6:
            collect.references = meanwhile
            try:
                gc(state, Policy(runs=drawn.randrange(4)), dry=drawn.random() < 0.2)
            finally:
                collect.references = real
        for _, paths in pending:
            assert all(os.path.exists(path) for path in paths), "wanted while the removal was under way"
        pending.clear()
        assert named_in(state) <= files(state)


MANY = """flow 1
workflow many(n: int) -> int {
  task make for i in range(40) -> file { shell "echo ~{(i * 7 + n) % 5} > made.txt; echo made.txt" }
  task read for f in make -> int { shell "cat ~{f}" }
  return sum(read)
}
"""


@pytest.mark.slow
def test_beside_working_engines(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """No grace but what the claims give: the same five contents are made, named, and removed over and over."""
    monkeypatch.setattr(content, "GRACE", 0.0)
    monkeypatch.setattr(content, "MARGIN", 0.1)
    later = policy.RECENT - 5.0  # who works on a run still reads how it ended: in far less than five seconds
    project.write("m.flow", MANY)
    state = StateFolder(str(project.home))
    removed = 0
    for n in range(3):
        expected = sum((i * 7 + n) % 5 for i in range(40))
        with (
            project.start("run", "m.flow", "-p", f"n={n}", "--json") as one,
            project.start("run", "m.flow", "-p", f"n={n}", "--json") as two,
        ):
            while one.poll() is None or two.poll() is None:
                if os.path.exists(state.database) and os.path.getsize(state.database):
                    removed += gc(state, Policy(runs=0), later=later).runs
            for ended in (one, two):
                out, err = ended.communicate(timeout=60)
                assert json.loads(out).get("result") == expected, (out, err)
        time.sleep(5.1)
        removed += gc(state, Policy(runs=0), later=later).runs
    # how often a content is gone and made again depends on who is quicker; that many runs go in any case
    assert removed >= 4
    assert named_in(state) <= files(state)
