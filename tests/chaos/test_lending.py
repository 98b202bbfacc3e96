"""One run on several hosts: its owner lends tasks to workers that have room."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from crash_points.scenarios import HEAD, shell
from flow_cli.backends.new_run import new_run
from flow_engine import states
from flow_engine.model import TaskRecord
from flow_engine.stores.contract import RunFilter
from flow_runtime.plans import load_plan
from support.effects import check_state, read_effects
from support.postgres import shared_server
from support.waiting import until

from chaos.cluster import Cluster, Role

LEASE = 2.0
Make = Callable[..., Cluster]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A cluster of two workers with one slot each, started."""
    made: list[Cluster] = []

    def make_(queue: bool = True) -> Cluster:
        cluster = Cluster(
            tmp_path,
            workers=2,
            schedulers=0,
            kafka=False,
            slots=1,
            lease=LEASE,
            postgres=shared_server(),
            queue=queue,
        )
        made.append(cluster)
        cluster.start()
        return cluster

    yield make_
    for cluster in made:
        cluster.close()


def submit(cluster: Cluster, seconds: float, count: int) -> str:
    each = f"task t for n in range({count}) -> int {{ {shell(f'sleep {seconds}', '~{n}')} }}"
    path = cluster.folder / "w.flow"
    path.write_text(f"{HEAD}workflow w {{\n  {each}\n  task last {{ after [t]; {shell()} }}\n}}\n")
    with closing(cluster.store()) as store:
        new = new_run(store.newest(), load_plan(str(path), "w", None), {})
        store.submit(new)
    return new.id


def rows(cluster: Cluster, run: str) -> list[TaskRecord]:
    with closing(cluster.store()) as store:
        return store.tasks(run)


def workers(cluster: Cluster, seq: int) -> list[str]:
    """That have ended an attempt of this task of the only run, in order."""
    with closing(cluster.store()) as store:
        (run,) = store.runs(RunFilter())
        return [attempt.worker for attempt in store.attempts(run.id, seq)]


def lent(cluster: Cluster, run: str) -> list[TaskRecord]:
    """Those whose bodies run where the run is not owned."""
    with closing(cluster.store()) as store:
        owner = store.run(run).owner
        return [row for row in store.tasks(run) if row.state == states.RUNNING and row.worker != owner]


def ended(cluster: Cluster, run: str, seconds: float = 60.0) -> str:
    def is_over() -> bool:
        with closing(cluster.store()) as store:
            return store.run(run).finished_at is not None

    until(is_over, seconds=seconds, what="the end of the run")
    with closing(cluster.store()) as store:
        check_state(store, read_effects(cluster.folder / "effects"))
        return store.run(run).state


def of_process(cluster: Cluster, incarnation: str) -> Role:
    """The worker of this name: its lock is in the folder of its host."""
    (found,) = [one for one in cluster.workers if (one.home / "engines" / f"{incarnation}.lock").exists()]
    return found


def owner_of(cluster: Cluster, run: str) -> Role:
    with closing(cluster.store()) as store:
        owner = store.run(run).owner
    assert owner is not None
    return of_process(cluster, owner)


@pytest.mark.parametrize("queue", [True, False])
def test_it_is_spread_over_all_that_have_room(make: Make, queue: bool) -> None:
    cluster = make(queue)
    run = submit(cluster, 0.3, 8)
    assert ended(cluster, run) == "succeeded"
    found = [worker for row in rows(cluster, run) if row.place is not None for worker in workers(cluster, row.seq)]
    assert len(found) == 8
    assert len(set(found)) == 2
    assert all(code == 0 for code in cluster.end().values())
    assert cluster.bodies() == []


def test_what_a_killed_borrower_had_runs_again(make: Make) -> None:
    cluster = make()
    run = submit(cluster, 1.0, 4)
    until(lambda: bool(lent(cluster, run)), seconds=30, what="a task that is lent")
    (row,) = lent(cluster, run)
    assert row.worker is not None
    of_process(cluster, row.worker).kill()
    assert ended(cluster, run) == "succeeded"
    (again,) = [one for one in rows(cluster, run) if one.seq == row.seq]
    assert again.attempt == 2


@pytest.mark.parametrize("seconds", [1.0, 5.0])
def test_a_borrower_outlives_the_owner(make: Make, seconds: float) -> None:
    """Its body ends before another one takes the run over, or after."""
    cluster = make()
    run = submit(cluster, seconds, 2)
    until(lambda: bool(lent(cluster, run)), seconds=30, what="a task that is lent")
    (row,) = lent(cluster, run)
    owner_of(cluster, run).kill()
    assert ended(cluster, run) == "succeeded"
    by_seq = {one.seq: one.attempt for one in rows(cluster, run)}
    assert by_seq.pop(row.seq) == 1
    assert max(by_seq.values()) == 2


def test_a_cancellation_reaches_a_body_on_another_host_within_a_second(make: Make) -> None:
    cluster = make()
    run = submit(cluster, 30.0, 2)
    until(lambda: bool(lent(cluster, run)), seconds=30, what="a task that is lent")
    assert len(_sleeping(cluster)) == 2
    with closing(cluster.store()) as store:
        store.request_cancel(run, time.time())
    asked = time.monotonic()
    until(lambda: not _sleeping(cluster), seconds=10, what="the end of the bodies")
    took = time.monotonic() - asked
    assert ended(cluster, run) == "cancelled"
    assert took < 1.0, f"{took:.2f} s"


def _sleeping(cluster: Cluster) -> list[str]:
    return [line for line in cluster.bodies() if line.endswith(" sleep")]


def test_a_borrower_that_was_paused_past_its_lease_answers_in_vain(make: Make) -> None:
    cluster = make()
    run = submit(cluster, 1.0, 2)
    until(lambda: bool(lent(cluster, run)), seconds=30, what="a task that is lent")
    (row,) = lent(cluster, run)
    assert row.worker is not None
    paused = of_process(cluster, row.worker)
    paused.signal(signal.SIGSTOP)
    assert ended(cluster, run) == "succeeded"
    paused.signal(signal.SIGCONT)
    (again,) = [one for one in rows(cluster, run) if one.seq == row.seq]
    assert again.attempt == 2
    assert workers(cluster, row.seq)[-1] != row.worker
    assert all(code == 0 for code in cluster.end().values())


@pytest.mark.parametrize("point", ["mail.before_commit", "mail.after_commit"])
def test_killed_when_it_leaves_word(make: Make, point: str) -> None:
    """Whichever comes first: that it has room, or how a body has ended."""
    cluster = make()
    for worker in cluster.workers:
        worker.kill()
        worker.start(f"{point}:2")
    run = submit(cluster, 0.2, 6)
    died = set()

    def is_over() -> bool:
        for worker in cluster.workers:
            if not worker.alive:
                died.add(worker.name)
                worker.reap()
                worker.start()
        with closing(cluster.store()) as store:
            return store.run(run).finished_at is not None

    until(is_over, seconds=60, what="the end of the run")
    assert ended(cluster, run) == "succeeded"
    assert died
