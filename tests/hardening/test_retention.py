"""`flow gc`: old runs and what nothing needs go; whatever a run needs stays, whoever works beside it and wherever it is broken off."""

import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flow_engine.errors import Refused, UnknownRun
from flow_engine.model import NewRun, Succeeded
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.files import ContentStore, want
from flow_runtime.retention import collect, content
from flow_runtime.retention.collect import Collected, Collector
from flow_runtime.retention.policy import Policy, policy_of
from flow_runtime.state_folder import StateFolder
from support.command import Project
from support.plans import plan, task
from support.world import World

DAY = 86400.0
MADE = """flow 1
workflow made(text: str) -> file {
  task make -> file { shell "echo log of it >&2; echo ~{text} > made.txt; echo made.txt" }
  task folder -> dir { shell "mkdir d; echo ~{text} > d/inside; echo d" }
  return make
}
workflow parent(text: str) -> file { call c = made(text = text); return c }
"""


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    made = StateFolder(str(tmp_path / "state"))
    made.make()
    return made


@contextmanager
def opened(state: StateFolder) -> Iterator[SqliteStore]:
    with closing(SqliteStore(state.database)) as store:
        yield store


def gc(state: StateFolder, policy: Policy = Policy(), dry: bool = False, later: float = 0.0) -> Collected:  # noqa: B008
    """As if it were `later` seconds from now."""
    with opened(state) as store:
        return Collector(state, store, store.removal, lambda: time.time() + later, dry).collect(policy)


def files(state: StateFolder) -> set[str]:
    """Digests and places of what the content store has."""
    return {kept.name for kept in content.kept_before(ContentStore(state.files), time.time() + 10 * DAY)}


def named_in(state: StateFolder) -> set[str]:
    """Digests that rows name, found by looking at every text of every table."""
    found: set[str] = set()
    with opened(state) as store:
        tables = store._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in store._connection.execute(f"SELECT * FROM {table}"):
                for value in row:
                    if isinstance(value, str):
                        found.update(re.findall(r"/files/[0-9a-f]{2}/([0-9a-f]{64})/", value))
    return found


def rows(state: StateFolder, table: str) -> int:
    with opened(state) as store:
        return int(store._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def world_run(state: StateFolder, run: str, texts: list[str], ended: float, finish: bool = True) -> list[str]:
    """A run whose tasks gave these texts as files; the digests."""
    kept = []
    folder = Path(state.root).parent
    with opened(state) as store:
        world = World(store, now=ended)
        made = plan(*[task(f"t{n}") for n in range(len(texts))])
        world.start(made, run)
        world.tick()
        for n, text in enumerate(texts):
            (folder / "body").write_text(text)
            file = ContentStore(state.files).keep(str(folder / "body"), "made.txt")
            kept.append(Path(file.path).parent.name)
            world.tick(world.end(f"t{n}", Succeeded(json.dumps(file.path))))
        if finish:
            world.finish(run, json.dumps(file.path))
    return kept


def age_files(state: StateFolder, seconds: float = 2 * DAY) -> None:
    for kept in content.kept_before(ContentStore(state.files), time.time() + DAY):
        os.utime(kept.path, (time.time() - seconds,) * 2)


def test_old_runs_go_with_all_that_they_had_and_young_ones_stay(project: Project) -> None:
    project.write("w.flow", MADE)
    old = [project.flow("run", "w.flow:parent", "-p", f"text={n}", "--json").document["run"] for n in range(2)]
    state = StateFolder(str(project.home))
    young = project.flow("run", "w.flow:made", "-p", "text=young", "--json").document
    with opened(state) as store:
        store._connection.execute("UPDATE run SET finished_at = finished_at - 864000 WHERE workflow = 'parent'")
    age_files(state)
    assert len(os.listdir(state.logs)) == 3
    dry = project.flow("gc", "--keep-for", "5d", "--dry-run", "--json").document
    assert (dry["runs"], dry["files"], dry["folders"]) == (4, 4, 2), dry
    assert (rows(state, "run"), len(os.listdir(state.logs)), len(files(state))) == (5, 3, 6)
    done = project.flow("gc", "--keep-for", "5d", "--json").document
    assert {**done, "dry_run": True} == dry
    assert [found["run"] for found in project.flow("list", "--json").document["runs"]] == [young["run"]]
    for table in ("task", "attempt", "event"):
        with opened(state) as store:
            left = store._connection.execute(f"SELECT DISTINCT run FROM {table}").fetchall()
            assert len(left) == 1, table
    assert Path(young["result"]).read_text() == "young\n"
    assert os.listdir(state.logs) == [young["run"]]
    assert project.flow("status", old[0]).code == 2
    assert project.flow("gc", "--json").document["files"] == 0


def test_a_run_that_has_not_ended_stays_with_its_children(state: StateFolder) -> None:
    world_run(state, "a" * 26, ["one"], 1000.0, finish=False)
    world_run(state, "b" * 26, ["two"], 1000.0)
    world_run(state, "c" * 26, ["three"], 1000.0)
    with opened(state) as store:
        store._connection.execute("UPDATE run SET parent_run = ? WHERE id = ?", ("b" * 26, "a" * 26))
    assert gc(state, Policy(age=1.0)).runs == 0, "b has a child that works, and c is the newest"
    assert rows(state, "run") == 3


def test_the_newest_of_each_workflow_stay(state: StateFolder) -> None:
    for n in range(6):
        world_run(state, f"{n}" * 26, ["x"], 1000.0 + n)
    with opened(state) as store:
        store._connection.execute("UPDATE run SET workflow = 'other' WHERE id < ?", ("2" * 26,))
    assert gc(state, Policy(runs=2)).runs == 2
    with opened(state) as store:
        left = [row[0][0] for row in store._connection.execute("SELECT id FROM run ORDER BY id")]
    assert left == ["0", "1", "4", "5"]


def test_what_another_run_names_stays_and_what_is_young_too(state: StateFolder) -> None:
    alone, shared = world_run(state, "1" * 26, ["alone", "shared"], 1000.0)
    world_run(state, "2" * 26, ["shared"], 2000.0)
    assert gc(state, Policy(runs=1)).files == 0, "all files are young"
    assert files(state) == {alone, shared}
    age_files(state)
    assert gc(state, Policy(runs=1)).files == 1
    assert files(state) == {shared}


def test_a_file_that_is_kept_and_not_yet_told_stays_for_as_long_as_its_attempt_runs(state: StateFolder) -> None:
    world_run(state, "0" * 26, ["x"], 1000.0)
    now = time.time()
    with opened(state) as store:
        world = World(store, now=now - DAY)
        world.start(plan(task("a")), "1" * 26)
        world.tick()
        body = Path(state.root) / "body"
        body.write_text("not told")
        file = ContentStore(state.files).keep(str(body), "f")
        os.utime(Path(file.path).parent, (now - DAY / 2,) * 2)
        assert gc(state).files == 0, "the attempt runs and may still tell"
        world.tick(world.end("a", Succeeded(json.dumps("other"))))
        assert gc(state).files == 1
    assert not os.path.exists(file.path)


def test_a_file_that_is_wanted_again_in_the_middle_of_a_removal_stays(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a body that makes the same content, and by a result from the cache: both before anything of it is in the state."""
    world_run(state, "1" * 26, ["same", "cached", "alone"], 1000.0)
    world_run(state, "2" * 26, ["x"], 2000.0)
    age_files(state)
    real = collect.references
    wanted: list[str] = []

    def late(texts: Any) -> Any:
        found = real(texts)
        body = Path(state.root).parent / "again"
        body.write_text("same")
        wanted.append(ContentStore(state.files).keep(str(body), "made.txt").path)
        (cached,) = [path for path in Path(state.files).rglob("made.txt") if path.read_text() == "cached"]
        assert want(str(cached))
        wanted.append(str(cached))
        return found

    monkeypatch.setattr(collect, "references", late)
    assert gc(state, Policy(runs=1)).files == 1
    assert all(os.path.exists(path) for path in wanted)


def test_a_cached_result_goes_with_its_run_and_the_task_runs_again(project: Project) -> None:
    text = MADE.replace("task make -> file {", "task make -> file { cache = true;")
    project.write("w.flow", text)
    first = project.flow("run", "w.flow:made", "-p", "text=1", "--json").document
    hit = project.flow("run", "w.flow:made", "-p", "text=1", "--json").document
    assert hit["tasks"][0].get("cached_from") == first["run"]
    state = StateFolder(str(project.home))
    project.flow("run", "w.flow:parent", "-p", "text=2", "--json")
    assert gc(state, Policy(age=0.0), later=1.0).runs == 2
    age_files(state)
    gc(state)
    again = project.flow("run", "w.flow:made", "-p", "text=1", "--json").document
    assert "cached_from" not in again["tasks"][0]
    assert Path(again["result"]).read_text() == "1\n"


def test_a_plan_that_went_is_kept_again_by_who_knew_it(state: StateFolder) -> None:
    made = plan(task("a"), name="first")
    with opened(state) as knows:
        world = World(knows)
        world.submit(made, "1" * 26)
        knows._connection.execute("UPDATE run SET finished_at = 1")
        world_run(state, "2" * 26, ["x"], 2000.0)
        assert gc(state, Policy(age=1.0)).plans == 1
        world.submit(made, "3" * 26)
        with opened(state) as other:
            assert other.plan(other.run("3" * 26).plan_hash).workflow.name == "first"


def test_nothing_is_taken_over_from_a_run_that_went_meanwhile(state: StateFolder) -> None:
    world_run(state, "1" * 26, ["x"], 1000.0)
    world_run(state, "2" * 26, ["y"], 2000.0)
    with opened(state) as store:
        found, taken = store.run("1" * 26), tuple(store.tasks("1" * 26, values=True))
        bundle = store.bundle(found.plan_hash)
        made = store.plan(found.plan_hash)
        assert gc(state, Policy(runs=1)).runs == 1
        new = NewRun("3" * 26, found.plan_hash, made, bundle, {}, "/tmp", 3000.0, based_on="1" * 26, rows=taken)
        with pytest.raises(UnknownRun):
            store.submit(new)
        assert rows(state, "run") == 1


def test_a_run_that_is_tried_again_in_the_meantime_stays(state: StateFolder) -> None:
    world_run(state, "1" * 26, ["x"], 1000.0)
    world_run(state, "2" * 26, ["y"], 2000.0)
    with opened(state) as store:
        (page,) = list(store.removal.old(time.time(), 0))
        store._connection.execute("UPDATE run SET finished_at = NULL WHERE id = ?", ("1" * 26,))
        assert store.removal.remove(page) == []
        assert rows(state, "run") == 2


def test_strays_of_a_broken_removal_go_and_those_of_a_submission_under_way_stay(state: StateFolder) -> None:
    old, young = "0" * 26, "9" * 26
    for parent in (state.logs, state.submitted):
        for name in (old, young, "mine"):
            os.makedirs(os.path.join(parent, name))
        os.utime(os.path.join(parent, old), (1000.0, 1000.0))
        os.utime(os.path.join(parent, "mine"), (1000.0, 1000.0))
    assert gc(state).folders == 2
    assert sorted(os.listdir(state.logs)) == sorted(os.listdir(state.submitted)) == [young, "mine"]


def test_two_at_once(state: StateFolder, project: Project) -> None:
    project.home = Path(state.root)
    world_run(state, "1" * 26, ["x"], 1000.0)
    with collect._alone(state):
        with pytest.raises(Refused, match="another flow gc"):
            gc(state)
        assert project.flow("gc").code == 2
    assert project.flow("gc").code == 0


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
    project.write("m.flow", MANY)
    state = StateFolder(str(project.home))
    removed = files_removed = 0
    for n in range(4):
        expected = sum((i * 7 + n) % 5 for i in range(40))
        with (
            project.start("run", "m.flow", "-p", f"n={n}", "--json") as one,
            project.start("run", "m.flow", "-p", f"n={n}", "--json") as two,
        ):
            while one.poll() is None or two.poll() is None:
                if os.path.exists(state.database) and os.path.getsize(state.database):
                    found = gc(state, Policy(runs=0), later=0.2)
                    removed, files_removed = removed + found.runs, files_removed + found.files
            for ended in (one, two):
                out, err = ended.communicate(timeout=60)
                assert json.loads(out)["result"] == expected, (out, err)
        time.sleep(0.3)
        found = gc(state, Policy(runs=0), later=0.2)
        removed, files_removed = removed + found.runs, files_removed + found.files
    assert removed >= 6
    assert files_removed >= 10


def test_the_policy_comes_from_the_command_or_the_environment() -> None:
    assert policy_of(None, None, {}).keeps_all
    assert policy_of("30d", 5, {}) == Policy(30 * DAY, 5)
    assert policy_of(None, None, {"FLOW_KEEP_FOR": "12h", "FLOW_KEEP_RUNS": "7"}) == Policy(DAY / 2, 7)
    assert policy_of("1h", 0, {"FLOW_KEEP_FOR": "12h", "FLOW_KEEP_RUNS": "7"}) == Policy(3600.0, 0)
    for wrong in ({"FLOW_KEEP_FOR": "soon"}, {"FLOW_KEEP_RUNS": "many"}):
        with pytest.raises(Refused):
            policy_of(None, None, wrong)


def test_the_room_is_given_back(project: Project) -> None:
    state = StateFolder(str(project.home))
    state.make()
    for n in range(30):
        world_run(state, f"{n:026d}", ["x"] * 20, 1000.0 + n)
    before = sum(path.stat().st_size for path in project.home.glob("flow.db*"))
    assert project.flow("gc", "--keep", "1", "--shrink").code == 0
    assert os.path.getsize(state.database) < before / 2
    assert rows(state, "run") == 1
