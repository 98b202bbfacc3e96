"""Who takes work over, who may still end it, and what is held meanwhile."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flow_engine.errors import LostOwnership, StoreError
from flow_engine.model import Completion, InFlight, Lost, Released, Signal, TaskRef
from flow_engine.stores.contract import Adopted
from flow_engine.stores.sqlite import SqliteStore
from flow_lang import bundle
from flow_lang.plan import Body, Plan, Pool, Retry, Task, Workflow
from flow_runtime.daemon import Daemon
from flow_runtime.incarnation import Incarnation, alive, cursor_path
from flow_runtime.state_folder import StateFolder
from support.command import Project
from support.plans import plan, task
from support.waiting import until
from support.world import OK, World, broken

from failures_of_others.conftest import Workers

ONE = plan(task("a", pool="p"), pools=(Pool("p", 1),))
TWO = plan(task("a"), task("b", "a"))
WIDE = plan(*(task(f"t{n}", *([f"t{n - 4}"] if n >= 4 else [])) for n in range(60)))


def taken_over(workers: Workers, by: str, run: str = "run-1") -> tuple[World, Adopted]:
    other = workers.worker(by)
    adopted = other.store.adopt(by, run, other.now)
    assert adopted is not None
    other.plans[run] = adopted.plan
    other.hints += adopted.ready
    return other, adopted


def lost(found: InFlight) -> Completion:
    return Completion(found.task, found.attempt, found.worker, Lost("gone"))


def test_airflow_51962_of_many_who_want_a_run_one_gets_it(tmp_path: Path) -> None:
    """There, with seven schedulers and twenty workers, two workers received the same task."""
    path, barrier, got = str(tmp_path / "flow.db"), threading.Barrier(4), []
    with closing(SqliteStore(path)) as store:
        first = World(store)
        for number in range(10):
            first.submit(TWO, f"run-{number}")

    def adopt(name: str) -> None:
        with closing(SqliteStore(path)) as own:
            for number in range(10):
                barrier.wait(timeout=30)
                if own.adopt(name, f"run-{number}", 1000.0) is not None:
                    got.append(number)

    threads = [threading.Thread(target=adopt, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(got) == list(range(10))


@pytest.mark.parametrize("first", ["w1", "w2"])
def test_airflow_51962_a_task_that_two_workers_were_given_is_run_by_the_one_that_owns_it(
    first: str, workers: Workers
) -> None:
    """The other one is told so, and its word about the task counts for nothing."""
    one = workers.worker("w1")
    one.start(TWO)
    workers.dead.add("w1")
    other, adopted = taken_over(workers, "w2")
    assert [hint.task for hint in adopted.ready] == [hint.task for hint in one.hints]  # both have it in hand
    claims = {world.worker: world.tick().claims for world in ((one, other) if first == "w1" else (other, one))}
    assert [claim.task.seq for claim in claims["w2"]] == [0]
    assert claims["w1"] == []
    seen = claims["w2"][0]
    mine = Completion(seen.task, seen.attempt, "w1", broken())
    assert one.tick(mine, want=0).refused == [seen.task]
    assert other.row("a").state == "claimed"
    assert other.run_all() == ["a", "b"]
    other.finish()
    assert other.store.run("run-1").state == "succeeded"
    assert [(end.attempt, end.worker) for end in other.store.attempts("run-1", 0)] == [(1, "w2")]


def test_airflow_27473_23361_who_writes_a_run_and_who_writes_its_tasks_do_not_deadlock(tmp_path: Path) -> None:
    """There one process wrote a run and then its tasks, another one the tasks and then the run; the database ended one of them."""
    path, stop, failed = str(tmp_path / "flow.db"), threading.Event(), []
    with closing(SqliteStore(path)) as store:
        for number in range(4):
            World(store).submit(WIDE, f"run-{number}")
        World(store).submit(WIDE, "cancelled")

    def guarded(act: Callable[[SqliteStore], None], once: bool) -> threading.Thread:
        def run() -> None:
            try:
                with closing(SqliteStore(path)) as own:
                    act(own)
                    while not once and not stop.is_set():
                        act(own)
            except BaseException as error:  # noqa: BLE001 - a thread's error is told by the test
                failed.append(error)

        return threading.Thread(target=run)

    def work(number: int) -> Callable[[SqliteStore], None]:
        def act(own: SqliteStore) -> None:
            world = World(own, f"w{number}")
            adopted = own.adopt(world.worker, f"run-{number}", world.now)
            assert adopted is not None
            world.plans[f"run-{number}"] = adopted.plan
            world.hints += adopted.ready
            assert len(world.run_all()) == len(WIDE.workflow.tasks)
            world.finish(f"run-{number}")

        return act

    def disturb(own: SqliteStore) -> None:
        own.request_cancel("cancelled", 1000.0)
        own.send("cancelled", Signal("event", "x", "1", 1000.0))
        own.set_pool("p", 3)
        assert len(own.tasks("run-0")) == len(WIDE.workflow.tasks)

    working = [guarded(work(number), once=True) for number in range(4)]
    disturbing = [guarded(disturb, once=False) for _ in range(2)]
    for thread in (*working, *disturbing):
        thread.start()
    for thread in working:
        thread.join(timeout=90)
    stop.set()
    for thread in disturbing:
        thread.join(timeout=30)
    assert failed == []
    assert not any(thread.is_alive() for thread in (*working, *disturbing))
    with closing(SqliteStore(path)) as store:
        assert {store.run(f"run-{number}").state for number in range(4)} == {"succeeded"}


def test_airflow_59378_what_was_stopped_is_started_again_once_and_its_end_counts(workers: Workers) -> None:
    """There a task was stopped because its state had changed, and restarted eleven times, its results ignored."""
    world = workers.worker()
    world.start(plan(task("a", retry=Retry(0))))
    world.tick()
    stale = world.end("a")
    workers.dead.add("w1")
    other, adopted = taken_over(workers, "w2")
    tick = other.tick(*(lost(found) for found in adopted.in_flight))
    assert [claim.attempt for claim in tick.claims] == [2]
    for _ in range(11):
        assert world.tick(stale).refused == [stale.task]
        assert other.tick().claims == []
    other.tick(other.end("a"))
    assert [(one.attempt, one.state) for one in other.store.attempts("run-1", 0)] == [(1, "lost"), (2, "succeeded")]


def test_prefect_16746_a_run_whose_worker_went_away_ends(workers: Workers) -> None:
    """There it stayed Running for ever."""
    world = workers.worker()
    world.start(TWO)
    world.tick()
    workers.dead.add("w1")
    assert world.store.unowned(10) == ["run-1"]
    other, adopted = taken_over(workers, "w2")
    other.tick(*(lost(found) for found in adopted.in_flight))
    assert other.run_all() == ["a", "b"]
    other.finish()
    assert other.store.run("run-1").state == "succeeded"


def test_prefect_17955_the_slots_of_a_worker_that_went_away_block_nobody(workers: Workers) -> None:
    """There they stayed taken, and a pool of one never ran anything again."""
    world = workers.worker()
    world.start(ONE)
    assert len(world.tick().claims) == 1
    other = workers.worker("w2")
    other.start(ONE, "run-2")
    assert other.tick().claims == []
    workers.dead.add("w1")
    other.now += 1.0
    assert [claim.task.run for claim in other.tick().claims] == ["run-2"]


def test_prefect_16429_what_was_given_up_is_not_completed_later(workers: Workers) -> None:
    """There a run that had crashed, and was told so, became completed."""
    world = workers.worker()
    world.start(plan(task("a", at_most_once=True)))
    world.tick()
    late = world.end("a", OK)
    workers.dead.add("w1")
    other, adopted = taken_over(workers, "w2")
    other.tick(*(lost(found) for found in adopted.in_flight))
    other.finish()
    assert other.store.run("run-1").state == "failed"
    before = other.store.tasks("run-1", values=True)
    assert world.tick(late).refused == [late.task]
    with pytest.raises(LostOwnership):
        world.finish()
    assert other.store.tasks("run-1", values=True) == before
    assert other.store.run("run-1").state == "failed"


def test_river_1302_who_rescues_does_not_overwrite_what_has_ended(workers: Workers) -> None:
    """There a job that had ended between the rescuer's look and its write was set back."""
    world = workers.worker()
    world.start(TWO)
    world.tick()
    seen = world.claims["a"]
    workers.dead.add("w1")
    world.tick(world.end("a"), want=0)  # it is slow, not dead; its word counts until somebody takes the run over
    other, adopted = taken_over(workers, "w2")
    assert adopted.in_flight == []
    stale = Completion(seen.task, seen.attempt, "w1", Lost("gone"))
    assert other.tick(stale, want=0).refused == [seen.task]
    assert other.row("a").state == "succeeded"


def test_river_1302_nor_what_another_one_has_begun_again(workers: Workers) -> None:
    world = workers.worker()
    world.start(TWO)
    world.tick()
    seen = world.claims["a"]
    workers.dead.add("w1")
    other, adopted = taken_over(workers, "w2")
    other.tick(*(lost(found) for found in adopted.in_flight))
    for outcome in (Lost("gone"), Released(), broken()):
        stale = Completion(seen.task, seen.attempt, "w1", outcome)
        assert other.tick(stale, want=0).refused == [seen.task]
    assert (other.row("a").state, other.row("a").attempt) == ("claimed", 2)


def test_river_1105_a_worker_that_cannot_read_a_run_leaves_it_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a leader that did not know the kind of a job discarded it. A run of a newer plan stays as it is, and others are worked on."""
    project = Project(tmp_path / "p")
    project.home.mkdir()
    with closing(project.store()) as store:
        world = World(store)
        monkeypatch.setattr(bundle, "FORMAT", 999)
        world.submit(plan(task("new"), name="newer"), "run-1")
        monkeypatch.undo()
        world.submit(plan(task("a"), name="known"), "run-2")
    _serve(project, lambda store: store.run("run-2").finished_at is not None)
    with closing(project.store()) as store:
        newer = store.run("run-1")
        assert (newer.state, newer.owner) == ("queued", None)
        assert store.run("run-2").state == "succeeded"


@pytest.mark.parametrize("where", ["main", "undo", "child"])
def test_river_1105_a_run_with_a_kind_of_body_that_nobody_knows_here_is_left_to_others(
    tmp_path: Path, where: str
) -> None:
    """Its plan can be read, so that it was taken, and its task failed. Workers of two versions share a state while one is replaced."""
    project = Project(tmp_path / "p")
    project.home.mkdir()
    newer = Task("new", Body("quantum"), phase="undo" if where == "undo" else "main", of="a" if where == "undo" else "")
    first = task("a", undo="new" if where == "undo" else "")
    workflows = {"newer": Workflow("newer", (), (first, newer))}
    if where == "child":
        workflows = {"newer": Workflow("newer", (), (first,)), "lib.flow:called": Workflow("called", (), (newer,))}
    with closing(project.store()) as store:
        world = World(store)
        world.submit(Plan("newer", workflows, "w.flow", {}), "run-1")
        world.submit(plan(task("a"), name="known"), "run-2")
    _serve(project, lambda store: store.run("run-2").finished_at is not None)
    for command in (("run", "--resume", "run-1"), ("cancel", "run-1")):
        told = project.flow(*command)
        assert told.code == 2
        assert "runs no `quantum` bodies" in told.err
    with closing(project.store()) as store:
        left = store.run("run-1")
        assert (left.state, left.owner, left.cancel_requested_at is not None) == ("queued", None, True)
        assert {row.state for row in store.tasks("run-1")} <= {"ready", "blocked"}
        assert store.run("run-2").state == "succeeded"


def test_oban_862_a_worker_of_the_same_host_is_another_worker(tmp_path: Path) -> None:
    """There a node that came back under its old name was taken for the one that had died, and its jobs for being worked on."""
    state = StateFolder(str(tmp_path / "s"))
    state.make()
    lives = [Incarnation(state) for _ in range(3)]
    assert len({life.id for life in lives}) == 3
    for life in lives:
        life.end(cursor_path(state, life.id))
    assert not any(alive(state, life.id) for life in lives)


def test_dbos_716_a_state_that_fails_while_work_is_taken_over_strands_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the error was swallowed, and the runs stayed with the dead one for ever."""
    project = Project(tmp_path / "p")
    project.home.mkdir()
    with closing(project.store()) as store:
        for number in range(5):
            World(store).submit(TWO, f"run-{number}")
    real, failures = SqliteStore.adopt, []

    def adopt(store: SqliteStore, worker: str, run: str, now: float) -> Adopted | None:
        if len(failures) < 3:
            failures.append(run)
            raise StoreError("the state could not be written: disk I/O error")
        return real(store, worker, run, now)

    monkeypatch.setattr(SqliteStore, "adopt", adopt)
    _serve(project, lambda store: all(store.run(f"run-{number}").finished_at for number in range(5)))
    assert len(failures) == 3
    with closing(project.store()) as store:
        assert {store.run(f"run-{number}").state for number in range(5)} == {"succeeded"}


def test_dbos_804_a_worker_that_drains_takes_nothing_back(workers: Workers) -> None:
    """There the draining process claimed again what recovery had just put back, and took it with it."""
    world = workers.worker()
    world.start(TWO)
    world.tick()
    claim = world.claims["a"]
    world.tick(world.end("a", Released()), want=0)
    assert world.row("a").state == "ready"
    world.store.abandon("w1")
    assert world.tick().claims == []  # though it has the hint
    other, adopted = taken_over(workers, "w2")
    assert adopted.in_flight == []
    (again,) = other.tick().claims
    assert (again.task, again.attempt) == (TaskRef("run-1", 0), claim.attempt)


def test_dbos_805_what_was_recovered_does_not_block_a_queue_of_one(workers: Workers) -> None:
    """There it held the only slot between two steps, and never went on."""
    made = plan(task("a", pool="p"), task("b", "a", pool="p"), pools=(Pool("p", 1),))
    world = workers.worker()
    world.start(made)
    world.tick()
    world.tick(world.end("a"))
    assert list(world.claims) == ["b"]
    workers.dead.add("w1")
    other, adopted = taken_over(workers, "w2")
    other.start(made, "run-2")
    other.tick(*(lost(found) for found in adopted.in_flight))
    done = 0
    while other.claims:
        assert len(other.claims) == 1
        key = next(iter(other.claims))
        other.now += 1.0
        other.tick(other.end(key))
        done += 1
    assert done == 3
    assert sorted(other.finishing) == ["run-1", "run-2"]


def _serve(project: Project, over: Any) -> None:
    """A worker in this process, until it is over."""
    daemon = Daemon(StateFolder(str(project.home)), 1)

    def stop() -> None:
        def ended() -> bool:
            with closing(project.store()) as store:
                return bool(over(store))

        try:
            until(ended, seconds=60, what="the end of the runs")
        finally:
            daemon._stop(15, None)

    watcher = threading.Thread(target=stop)
    watcher.start()
    daemon.serve()
    watcher.join()
