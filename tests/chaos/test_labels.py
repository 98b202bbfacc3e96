"""Tasks that need labels, on several hosts: they run where these are, whoever owns the run, and wait while nobody has them."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from crash_points.scenarios import HEAD, shell
from flow_cli.backends.new_run import new_run
from flow_runtime.document import key_of, run_document
from flow_runtime.plans import load_plan
from flow_runtime.why import why_document
from support.effects import check_state, read_effects
from support.postgres import shared_server
from support.waiting import until

from chaos.cluster import Cluster, Role

PLAIN, GPU = 0, 1
"""Worker 0 has no labels, worker 1 has two."""
LEASE = 2.0


@pytest.fixture
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Two workers with one slot each; none is started."""
    made = Cluster(
        tmp_path,
        workers=2,
        schedulers=0,
        kafka=False,
        slots=1,
        lease=LEASE,
        postgres=shared_server(),
        queue=getattr(request, "param", True),
        labels={GPU: ["gpu", "ssd"]},
    )
    yield made
    made.close()


def submit(cluster: Cluster, items: str) -> str:
    path = cluster.folder / "w.flow"
    path.write_text(f"{HEAD}workflow w {{\n  {items}\n}}\n")
    with closing(cluster.store()) as store:
        new = new_run(store.newest(), load_plan(str(path), "w", None), {})
        store.submit(new)
    return new.id


def start(cluster: Cluster, number: int) -> Role:
    cluster.workers[number].start()
    return cluster.workers[number]


def wait_for_owner(cluster: Cluster, run: str) -> None:
    def is_owned() -> bool:
        with closing(cluster.store()) as store:
            return store.run(run).owner is not None

    until(is_owned, what="a worker that owns the run")


def ended(cluster: Cluster, run: str, last: bool = True) -> str:
    """With the `last` one all have."""

    def is_over() -> bool:
        with closing(cluster.store()) as store:
            return store.run(run).finished_at is not None

    until(is_over, seconds=60, what="the end of the run")
    with closing(cluster.store()) as store:
        if last:
            check_state(store, read_effects(cluster.folder / "effects"))
        return store.run(run).state


def hosts(cluster: Cluster, run: str) -> dict[str, str]:
    """By task, the worker whose body has ended it."""
    with closing(cluster.store()) as store:
        record = store.run(run)
        plan = store.plan(record.plan_hash, record.workflow)
        found = {key_of(plan, row): store.attempts(run, row.seq) for row in store.tasks(run)}
    return {key: _name(cluster, attempts[-1].worker) for key, attempts in found.items() if attempts}


def _name(cluster: Cluster, incarnation: str) -> str:
    (found,) = [one for one in cluster.workers if (one.home / "engines" / f"{incarnation}.lock").exists()]
    return found.name


@pytest.mark.parametrize("cluster", [True, False], indirect=True, ids=["queue", "no queue"])
def test_it_runs_where_its_labels_are_and_the_rest_anywhere(cluster: Cluster) -> None:
    listed = f'task t for n in range(4) -> int {{ {shell(told="~{n}")}; labels = ["gpu"] }}'
    undone = f'task u {{ {shell()}; labels = ["ssd"]; at_most_once = true; after [t]; undo {{ {shell()} }} }}'
    fails = f"task f {{ {shell('false')}; after [u] }}"
    last = f'finally {{ task z {{ {shell(chr(91) + " ~{run.status} = failed " + chr(93))}; labels = ["gpu"] }} }}'
    run = submit(cluster, "\n  ".join([listed, undone, fails, last]))
    start(cluster, PLAIN)
    wait_for_owner(cluster, run)
    start(cluster, GPU)
    assert ended(cluster, run) == "failed"
    found = hosts(cluster, run)
    assert {found[f"t[{n}]"] for n in range(4)} == {found["u"], found["u.undo"], found["z"]} == {"worker1"}
    with closing(cluster.store()) as store:
        assert [row.state for row in store.tasks(run) if row.state not in ("succeeded", "failed")] == []
    assert all(code == 0 for code in cluster.end().values())


def test_it_waits_while_nobody_has_them_and_says_so(cluster: Cluster) -> None:
    run = submit(cluster, f'task t {{ {shell()}; labels = ["ssd", "gpu"] }}\n  task o {{ {shell()} }}')
    start(cluster, PLAIN)
    with closing(cluster.store()) as store:
        until(lambda: store.tasks(run)[1].state == "succeeded", what="the end of the task without labels")
        record = store.run(run)
        (why,) = why_document(store, record, "t")["why"]
        assert why == (
            "it waits for a worker with the labels gpu, ssd, and none lives; start one: flow worker --label gpu --label ssd"
        )
        first, second = run_document(store, record)["tasks"]
        assert first["waits_for"] == "a worker with the labels gpu, ssd, and none lives"
        assert "waits_for" not in second
        start(cluster, GPU)
    assert ended(cluster, run) == "succeeded"
    assert hosts(cluster, run) == {"t": "worker1", "o": "worker0"}


def test_who_has_them_and_is_killed_gets_it_again_when_it_is_back(cluster: Cluster) -> None:
    run = submit(cluster, f'task t {{ {shell("sleep 1")}; labels = ["gpu"] }}')
    start(cluster, PLAIN)
    wait_for_owner(cluster, run)
    worker = start(cluster, GPU)
    with closing(cluster.store()) as store:
        until(lambda: store.tasks(run)[0].state in ("claimed", "running"), what="a task that is lent")
        worker.kill()
        start(cluster, GPU)
        assert ended(cluster, run) == "succeeded"
        (row,) = store.tasks(run)
    assert row.attempt == 2
    assert hosts(cluster, run) == {"t": "worker1"}


def test_what_may_start_once_and_was_lost_with_a_borrower_does_not_run_again(cluster: Cluster) -> None:
    run = submit(cluster, f'task t {{ {shell("sleep 1")}; labels = ["gpu"]; at_most_once = true }}')
    start(cluster, PLAIN)
    wait_for_owner(cluster, run)
    worker = start(cluster, GPU)
    with closing(cluster.store()) as store:
        until(lambda: store.tasks(run)[0].state in ("claimed", "running"), what="a task that is lent")
        worker.kill()
        start(cluster, GPU)
        assert ended(cluster, run) == "failed"
        (row,) = store.tasks(run)
    assert row.attempt == 1
    assert sum(effect.what == "begin" for effect in read_effects(cluster.folder / "effects")) <= 1


def test_a_worker_that_is_full_of_its_own_tasks_does_what_needs_its_labels_first(cluster: Cluster) -> None:
    """It had none of that before its own run had ended."""
    own = submit(cluster, f"task t for n in range(1000) -> int {{ {shell('sleep 0.4', '~{n}')} }}")
    start(cluster, GPU)
    wait_for_owner(cluster, own)
    other = submit(
        cluster, f'task a {{ {shell()}; labels = ["gpu"] }}\n  task b {{ {shell()}; labels = ["gpu"]; after [a] }}'
    )
    start(cluster, PLAIN)
    assert ended(cluster, other, last=False) == "succeeded"
    with closing(cluster.store()) as store:
        assert store.run(own).finished_at is None
        store.request_cancel(own, time.time())
    assert hosts(cluster, other) == {"a": "worker1", "b": "worker1"}
    assert ended(cluster, own) == "cancelled"
