"""`flow gc`: old runs and what nothing needs go; whatever a run needs stays, whoever works beside it and wherever it is broken off."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from flow_engine.errors import Refused, UnknownRun
from flow_engine.model import NewRun, Succeeded
from flow_runtime.files import ContentStore, want
from flow_runtime.retention import collect
from flow_runtime.retention.policy import RECENT, Policy, policy_of
from flow_runtime.state_folder import StateFolder
from support.command import Project
from support.plans import plan, task
from support.retention import DAY, MADE, age_files, files, gc, opened, rows, world_run
from support.world import World


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    made = StateFolder(str(tmp_path / "state"))
    made.make()
    return made


def test_old_runs_go_with_all_that_they_had_and_young_ones_stay(project: Project) -> None:
    project.write("w.flow", MADE)
    old = [project.flow("run", "w.flow:parent", "-p", f"text={n}", "--json").document["run"] for n in range(2)]
    state = StateFolder(str(project.home))
    young = project.flow("run", "w.flow:made", "-p", "text=young", "--json").document
    with opened(state) as store:
        store._connection.execute("UPDATE run SET finished_at = finished_at - 864000 WHERE workflow = 'parent'")
        store._connection.execute(
            "INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, finished_at) "
            "SELECT run, seq, 0, 'w', 'lost', 0, 0 FROM task"
        )
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


def test_a_run_that_has_just_ended_stays_since_its_end_may_still_be_told(project: Project) -> None:
    """`flow run` reads the result after the run has ended: it said `unknown run` where a removal was quicker."""
    project.write("w.flow", MADE)
    for text in ("one", "two"):
        project.flow("run", "w.flow:made", "-p", f"text={text}", "--json")
    assert project.flow("gc", "--keep", "0", "--json").document["runs"] == 0
    state = StateFolder(str(project.home))
    assert gc(state, Policy(runs=0), later=RECENT + 1.0).runs == 1, "the newest of all stays"


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
    assert gc(state, Policy(age=0.0), later=RECENT + 1.0).runs == 2
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


def test_a_run_that_is_tried_again_and_ends_again_in_the_meantime_stays(state: StateFolder) -> None:
    """It had been seen when it was old, and looked the same again when its turn came: its new end was taken from whoever waited for it."""
    world_run(state, "a" * 26, ["x"], 1000.0)
    world_run(state, "b" * 26, ["y"], 1000.0)
    with opened(state) as store:
        (found,) = store.removal.old(2000.0, 0)
        store._connection.execute("UPDATE run SET finished_at = 5000.0 WHERE id = ?", ("a" * 26,))
        assert store.removal.remove(found) == []
        store._connection.execute("UPDATE run SET finished_at = 1000.0 WHERE id = ?", ("a" * 26,))
        (found,) = store.removal.old(2000.0, 0)
        assert [tree.ids for tree in store.removal.remove(found)] == [("a" * 26,)]


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
    for n in range(60):
        world_run(state, f"{n:026d}", ["x"] * 20, 1000.0 + n)
    before = sum(path.stat().st_size for path in project.home.glob("flow.db*"))
    assert project.flow("gc", "--keep", "1", "--shrink").code == 0
    assert os.path.getsize(state.database) < before / 2
    assert rows(state, "run") == 1
