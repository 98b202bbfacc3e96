"""How many round trips an operation takes: a fixed number, however many rows there are."""

from collections.abc import Callable
from contextlib import closing

import pytest
from flow_engine.model import Expanded, NewRun
from flow_engine.stores.contract import Adoption
from flow_engine.stores.postgres import PostgresStore
from flow_lang.bundle import bundle_of
from support.plans import digest, each, plan, task, value_task
from support.world import World


def counted(store: PostgresStore, act: Callable[[], object]) -> int:
    before = store._session.trips
    act()
    return store._session.trips - before


@pytest.mark.parametrize("count", [2, 3, 60])
def test_submitting(count: int, opened: Callable[[], PostgresStore]) -> None:
    store, made = opened(), plan(task("a"), task("b", "a"))
    bundle = bundle_of(made)
    news = [
        NewRun(f"run-{n}", digest(made), made, bundle, {}, "/tmp", 1.0, idempotency_key=f"{n}") for n in range(count)
    ]
    assert counted(store, lambda: store.submit_all(news)) == 3
    assert counted(store, lambda: store.adopt("w1", "run-0", 1.0)) == 3  # the first says how the server is to plan
    assert counted(store, lambda: store.adopt("w1", "run-1", 1.0)) == 2
    records = [*store.records([new.id for new in news[2:]]).values()]
    assert counted(store, lambda: store.adopt_all("w1", records, 1.0)) == (1 if records else 0)


@pytest.mark.parametrize("size", [1, 200])
def test_a_tick_that_completes_unlocks_and_claims(size: int, opened: Callable[[], PostgresStore]) -> None:
    store = opened()
    world = World(store)
    world.start(plan(value_task("a"), each("b", "a"), value_task("c", "b")))
    assert counted(store, world.tick) == 1
    assert counted(store, lambda: world.tick(world.end("a"))) == 1
    items = [f'"{number}"' for number in range(size)]
    assert counted(store, lambda: world.tick(world.end("b", Expanded(size, items)), want=size)) == 1
    assert len(world.claims) == size
    ends = [world.end(key) for key in list(world.claims)]
    assert counted(store, lambda: world.tick(*ends)) == 1
    assert list(world.claims) == ["c"]
    world.tick(world.end("c"))
    assert counted(store, world.finish) == 1


def test_a_tick_behind_a_gate(opened: Callable[[], PostgresStore]) -> None:
    """What others hold comes with the locks; who of them lives would be a third."""
    store = opened()
    store.set_pool("few", 2)
    world = World(store)
    world.start(plan(task("a", pool="few"), task("b", pool="few")))
    assert counted(store, world.tick) == 2


def test_submitting_one_after_another(opened: Callable[[], PostgresStore]) -> None:
    """What this handle has seen in the state is not asked for again; if it is gone, it is written anew."""
    store, made = opened(), plan(task("a"), task("b", "a"))
    news = [NewRun(f"run-{n}", digest(made), made, bundle_of(made), {}, "/tmp", 1.0) for n in range(5)]
    assert [counted(store, lambda new=new: store.submit(new)) for new in news[:3]] == [2, 2, 1]  # type: ignore[misc]
    assert [row.state for row in store.tasks("run-2")] == ["ready", "blocked"]
    numbers = store._session.rows("SELECT no FROM flow.run ORDER BY id", ())
    assert numbers == sorted(numbers)
    store._session.rows("DELETE FROM flow.plan", ())
    assert store.submit(news[3]) == ("run-3", True)
    assert opened().plan(digest(made)) == made
    assert counted(store, lambda: store.submit(news[4])) == 2


def test_runs_that_may_be_large_are_taken_over_one_by_one(opened: Callable[[], PostgresStore], url: str) -> None:
    """Where a worker died with many large runs, its heir had the rows of 32 of them in memory at once."""
    world, runs = World(opened()), [f"run-{number}" for number in range(5)]
    for run in runs[:2]:
        world.start(plan(task("a")), run)
    world.tick()
    for run in runs[2:]:
        world.submit(plan(task("a")), run)
    with closing(PostgresStore(url, lambda worker: worker != "w1")) as heir:
        heir._session.plan_once()
        records = [*heir.records(runs).values()]
        heir.plan(records[0].plan_hash)
        found: list[Adoption] = []
        assert counted(heir, lambda: found.append(heir.adopt_all("w2", records, world.now))) == 3
    assert sorted(adopted.record.id for adopted in found[0].taken) == runs
