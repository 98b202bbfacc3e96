"""A run that was submitted to start later."""

from flow_engine import states
from support.plans import each, plan, task, value_task
from support.world import World


def adopted(world: World, run: str, worker: str) -> list[float]:
    """When each of its hints is due."""
    found = world.store.adopt(worker, run, world.now)
    assert found is not None
    world.hints = found.ready
    return [hint.due for hint in found.ready]


def test_nothing_of_it_starts_before_its_time(world: World) -> None:
    made = plan(task("a"), value_task("source"), each("b", "source"), task("c", "a"))
    world.submit(made, "run-1", due=world.now + 100)
    assert world.states() == {"a": states.WAITING, "source": states.WAITING, "b": states.BLOCKED, "c": states.BLOCKED}
    assert set(adopted(world, "run-1", world.worker)) == {world.now + 100}
    assert world.tick().claims == []
    assert world.store.run("run-1").state == states.QUEUED
    world.now += 101
    assert {world.key(claim) for claim in world.tick().claims} == {"a", "source"}
    assert world.store.run("run-1").state == states.RUNNING


def test_a_time_that_is_over_is_none(world: World) -> None:
    world.submit(plan(task("a")), "run-1", due=world.now)
    assert world.states() == {"a": states.READY}


def test_another_worker_waits_for_the_same_time(world: World) -> None:
    world.submit(plan(task("a", delay=5.0)), "run-1", due=world.now + 100)
    assert adopted(world, "run-1", world.worker) == [world.now + 105]
    assert world.store.abandon(world.worker)
    assert adopted(world, "run-1", "w2") == [world.now + 105]


def test_it_is_cancelled_before_its_time(world: World) -> None:
    world.submit(plan(task("a")), "run-1", due=world.now + 100)
    adopted(world, "run-1", world.worker)
    tick = world.tick(cancels=["run-1"])
    assert tick.finishing == ["run-1"]
    assert world.states() == {"a": states.CANCELLED}
