"""What holds starts back: pools, concurrency, rates; and the cache."""

from collections.abc import Callable

import pytest
from flow_engine.errors import UnknownPool
from flow_engine.model import Awaits, CacheEntry, Completion, Expanded, Lost, Succeeded, Suspended
from flow_engine.stores.contract import Store
from flow_lang.plan import Pool, Rate
from support.plans import each, plan, task, value_task
from support.world import World, broken


def pooled(count: int, slots: int = 2, taken: int = 1):
    return plan(*(task(f"t{i}", pool="p", slots=taken) for i in range(count)), pools=(Pool("p", slots),))


def test_a_pool_is_never_over_full_and_a_freed_slot_is_taken_in_the_same_tick(world: World) -> None:
    world.start(pooled(5))
    assert len(world.tick().claims) == 2
    again = world.tick(world.end("t0"))
    assert [world.key(claim) for claim in again.claims] == ["t2"]
    assert again.again is not None
    world.tick(world.end("t1"), world.end("t2", broken()))
    assert set(world.claims) == {"t3", "t4"}


def test_a_task_may_take_several_slots(world: World) -> None:
    world.start(pooled(3, slots=3, taken=2))
    assert len(world.tick().claims) == 1


def test_a_pool_spans_runs_and_workers_and_leaks_nothing_when_one_dies(
    world: World, dead: set[str], open_store: Callable[[], Store]
) -> None:
    made = pooled(3)
    world.start(made)
    world.tick()
    other = World(open_store(), "w2", world.now)
    other.start(made, "run-2")
    assert other.tick().claims == []
    dead.add("w1")
    assert len(other.tick().claims) == 2


def test_a_pool_of_the_server_must_be_there_and_large_enough(world: World) -> None:
    made = plan(task("a", pool="gpus", slots=2))
    with pytest.raises(UnknownPool, match="flow pool set gpus"):
        world.submit(made)
    world.store.set_pool("gpus", 1)
    with pytest.raises(UnknownPool, match="has 1 slots"):
        world.submit(made)
    world.store.set_pool("gpus", 2)
    world.start(made)
    assert len(world.tick().claims) == 1
    assert world.store.pools() == {"gpus": 2}


def test_concurrency_of_a_task_is_for_its_run(world: World) -> None:
    made = plan(value_task("xs"), each("t", "xs", concurrency=2))
    for run in ("run-1", "run-2"):
        world.start(made, run)
        world.tick()
        world.tick(world.end("xs"))
        world.tick(world.end("t", Expanded(4, ["1", "2", "3", "4"])))
        assert len(world.claims) == 2
        world.claims.clear()


def test_a_run_that_has_begun_counts_while_nobody_works_on_it(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    """Its worker has died: two runs of a workflow of which one may run went on side by side (simulator, seed 3944684456)."""
    made = plan(task("a"), concurrency=1)
    world.start(made, "run-1")
    world.tick()
    world.submit(made, "run-2")
    dead.add("w1")
    heir = World(open_store(), "w2", world.now)
    heir.plans = world.plans
    later = heir.store.adopt("w2", "run-2", heir.now)
    assert later is not None
    heir.hints += later.ready
    assert heir.tick().claims == []
    first = heir.store.adopt("w2", "run-1", heir.now)
    assert first is not None
    ((ref, attempt, worker),) = first.in_flight
    assert [claim.task.run for claim in heir.tick(Completion(ref, attempt, worker, Lost("died"))).claims] == ["run-1"]
    heir.tick(heir.end("a"))
    heir.finish("run-1")
    heir.now += 1
    assert [claim.task.run for claim in heir.tick().claims] == ["run-2"]


def test_concurrency_of_a_workflow_holds_the_next_run_back(world: World) -> None:
    made = plan(task("a"), concurrency=1)
    world.start(made, "run-1")
    world.tick()
    world.start(made, "run-2")
    assert world.tick().claims == []
    assert world.store.run("run-2").state == "queued"
    world.tick(world.end("a"))
    world.finish("run-1")
    world.now += 1
    assert [claim.task.run for claim in world.tick().claims] == ["run-2"]


def test_a_rate_spaces_starts_evenly(world: World) -> None:
    world.start(
        plan(
            *(task(f"t{i}", rate=Rate(2, 10.0)) for i in range(1)),
            value_task("xs"),
            each("r", "xs", rate=Rate(2, 10.0)),
        )
    )
    world.tick()
    world.tick(world.end("xs"))
    world.tick(world.end("r", Expanded(3, ["1", "2", "3"])))
    began = {key: world.now for key in world.claims if key.startswith("r[")}
    assert len(began) == 1
    for _ in range(2):
        tick = world.tick()
        assert tick.claims == []
        assert tick.again == world.now + 5
        world.now = tick.again
        assert len(world.tick().claims) == 1


def test_a_kept_result_is_found_until_it_is_too_old(world: World) -> None:
    entry = CacheEntry("digest", "a", "a", '{"code": "x"}', 100.0)
    world.start(plan(value_task("a", "b"), value_task("b")))
    world.tick()
    world.tick(world.end("b"))
    world.tick(world.end("a", Succeeded('"kept"', entry)))
    kept = world.store.cached("digest", world.now + 99)
    assert kept is not None
    assert (kept.run, kept.result) == ("run-1", '"kept"')
    assert world.store.cached("digest", world.now + 101) is None
    assert world.store.cached("another", world.now) is None
    last = world.store.last_cached("w", "a", "a", world.now + 1)
    assert last is not None
    assert last.components == '{"code": "x"}'
    assert world.store.last_cached("w", "a", "a", world.now) is None


def test_a_hit_is_not_kept_again(world: World) -> None:
    world.start(plan(value_task("a")))
    world.tick()
    world.tick(world.end("a", Succeeded('"x"', CacheEntry("d", "a", "a", "{}", None, "run-0"))))
    assert world.store.cached("d", world.now) is None
    assert '"run-0"' in (world.row("a").cache or "")


def test_whoever_takes_a_run_over_counts_what_runs_and_neither_lists_nor_waits(
    world: World, dead: set[str], open_store: Callable[[], Store]
) -> None:
    """At the death of its worker `many` was getting its list, `asks` was suspended and `runs` had a body: one slot of two."""
    made = plan(
        value_task("xs"),
        each("many", "xs", pool="p"),
        task("asks", pool="p"),
        task("runs", pool="p"),
        task("next", pool="p"),
        pools=(Pool("p", 2),),
    )
    world.start(made)
    world.tick()
    assert set(world.claims) == {"xs", "asks", "runs"}
    world.tick(world.end("xs"), world.end("asks", Suspended(Awaits("event", "paid"))))
    assert set(world.claims) == {"many", "runs", "next"}
    world.tick(world.end("next"))
    dead.add("w1")
    heir = World(open_store(), "w2", world.now)
    heir.plans = world.plans
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    assert len(adopted.in_flight) == 2
    heir.start(plan(task("a", pool="p"), task("b", pool="p"), pools=(Pool("p", 2),)), "run-2")
    assert [heir.key(claim) for claim in heir.tick().claims] == ["a"]
    lost = [Completion(*flight, Lost("w1 is gone")) for flight in adopted.in_flight]
    # the lost body has given its slot back, which goes to what waited first; the list needs none
    assert {heir.key(claim) for claim in heir.tick(*lost).claims} == {"b", "many"}
    assert heir.tick(heir.end("many", Expanded(1, ['"x"']))).claims == []
    assert len(heir.tick(heir.end("a"), heir.end("b")).claims) == 2


def test_a_list_that_is_looked_for_takes_no_slot_of_another_worker(
    world: World, open_store: Callable[[], Store]
) -> None:
    world.start(plan(value_task("xs"), each("many", "xs", pool="p"), pools=(Pool("p", 1),)))
    world.tick()
    world.tick(world.end("xs"))
    assert set(world.claims) == {"many"}
    other = World(open_store(), "w2", world.now)
    other.start(plan(task("a", pool="p"), pools=(Pool("p", 1),)), "run-2")
    assert [other.key(claim) for claim in other.tick().claims] == ["a"]


def test_a_run_that_has_begun_does_not_wait_behind_one_that_may_not(world: World) -> None:
    """By their priorities the first task of the second run stands before the second task of the first."""
    made = plan(task("high", priority=5), task("low"), concurrency=1)
    world.start(plan(task("before"), concurrency=1), "run-0")
    world.tick()
    for run in ("run-1", "run-2"):
        world.start(made, run)
    assert world.tick().claims == []
    world.tick(world.end("before"))
    world.finish("run-0")
    world.now += 1
    world.tick()
    assert {(claim.task.run, world.key(claim)) for claim in world.claims.values()} == {
        ("run-1", "high"),
        ("run-1", "low"),
    }
    world.tick(world.end("high"), world.end("low"))
    world.finish("run-1")
    world.now += 1
    assert [claim.task.run for claim in world.tick().claims] == ["run-2", "run-2"]
