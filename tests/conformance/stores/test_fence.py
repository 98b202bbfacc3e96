"""Every write by a worker is fenced: by the attempt, the worker, and the ownership of the run."""

from collections.abc import Callable

import pytest
from flow_engine import states
from flow_engine.decisions.books import Report
from flow_engine.decisions.retry import LOSSES
from flow_engine.errors import LostOwnership
from flow_engine.model import Completion, Lost, Released, Started
from flow_engine.stores.contract import Store
from support.plans import plan, task
from support.world import OK, World, broken


def test_a_completion_is_accepted_once(world: World) -> None:
    world.start(plan(task("a"), task("b", "a")))
    world.tick()
    done = world.end("a")
    assert world.tick(done).refused == []
    assert world.tick(done).refused == [done.task]
    assert len(world.store.attempts("run-1", 0)) == 1


def test_an_old_attempt_cannot_complete_a_newer_one(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    stale = world.end("a", OK)
    world.tick(stale._replace(outcome=Lost("gone")))
    assert world.row("a").attempt == 2
    assert world.tick(stale).refused == [stale.task]
    assert world.row("a").state == states.CLAIMED


def test_another_worker_cannot_complete(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    done = world.end("a", worker="intruder")
    assert world.tick(done).refused == [done.task]


def test_a_completion_of_an_unknown_run_is_refused(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    done = world.end("a")
    other = done._replace(task=done.task._replace(run="run-9"))
    assert world.tick(other).refused == [other.task]


def test_two_completions_of_one_attempt_in_one_tick_count_once(world: World) -> None:
    world.start(plan(task("a"), task("b", "a"), task("c", "b")))
    world.tick()
    done = world.end("a")
    tick = world.tick(done, done._replace(outcome=broken()))
    assert tick.refused == [done.task]
    assert world.states() == {"a": "succeeded", "b": "claimed", "c": "blocked"}


def test_a_release_costs_no_attempt(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    assert [claim.attempt for claim in world.tick(world.end("a", Released()), want=1).claims] == [1]
    assert world.store.attempts("run-1", 0) == []


def test_a_lost_attempt_runs_again_without_any_retry_and_ends_somewhere(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    for number in range(LOSSES):
        assert [claim.attempt for claim in world.tick(world.end("a", Lost("worker died"))).claims] == [number + 2]
    assert world.tick(world.end("a", Lost("worker died"))).claims == []
    assert world.row("a").state == states.FAILED
    assert "worker_lost" in (world.row("a").error or "")


def test_a_start_is_noted_only_for_the_attempt_that_runs(world: World) -> None:
    world.start(plan(task("a")))
    claim = world.tick().claims[0]
    stale = Started(claim.task, claim.attempt + 1, world.worker, 5.0, None)
    world.store.tick(world.worker, world.now, Report((), [stale]), [], 0)
    assert world.row("a").state == states.CLAIMED
    world.store.tick(world.worker, world.now, Report((), [stale._replace(attempt=claim.attempt)]), [], 0)
    assert (world.row("a").state, world.row("a").started_at) == (states.RUNNING, 5.0)


def test_a_living_owner_keeps_its_run(world: World, open_store: Callable[[], Store]) -> None:
    world.start(plan(task("a")))
    other = open_store()
    assert other.adopt("w2", "run-1", world.now) is None
    assert other.unowned(10) == []


def test_a_dead_owners_run_is_adopted_with_what_it_had_in_flight(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    world.start(plan(task("a"), task("b", "a")))
    world.tick()
    dead.add("w1")
    heir = World(open_store(), "w2")
    heir.plans = world.plans
    assert heir.store.unowned(10) == ["run-1"]
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    assert [(flight.attempt, flight.worker) for flight in adopted.in_flight] == [(1, "w1")]
    heir.tick(Completion(adopted.in_flight[0].task, 1, "w1", Lost("died")))
    assert [claim.attempt for claim in heir.claims.values()] == [2]
    heir.tick(heir.end("a"))
    assert heir.states() == {"a": "succeeded", "b": "claimed"}


def test_an_owner_that_lost_its_run_is_refused(world: World, open_store: Callable[[], Store], dead: set[str]) -> None:
    """The paused worker that wakes after its run was taken: prefect#16429, river#1302."""
    world.start(plan(task("a")))
    world.tick()
    late = world.end("a")
    dead.add("w1")
    heir = open_store()
    adopted = heir.adopt("w2", "run-1", world.now)
    assert adopted is not None
    assert world.tick(late).refused == [late.task]
    assert world.row("a").state == states.CLAIMED
    with pytest.raises(LostOwnership):
        world.finish()


def test_what_was_not_taken_over_goes_on_where_one_run_was(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    """One report tells of both."""
    world.start(plan(task("a"), task("b", "a"), task("c")), "run-1")
    world.tick()
    world.start(plan(task("x"), task("y", "x"), task("z")), "run-2")
    world.tick()
    ends = [world.end("a"), world.end("x"), world.end("z")]
    dead.add("w1")
    assert open_store().adopt("w2", "run-1", world.now) is not None
    tick = world.tick(*ends)
    assert tick.refused == [ends[0].task]
    assert [world.key(claim) for claim in tick.claims] == ["y"]
    assert world.states("run-1") == {"a": "claimed", "b": "blocked", "c": "claimed"}
    assert world.states("run-2") == {"x": "succeeded", "y": "claimed", "z": "succeeded"}
    assert world.tick(world.end("y")).finishing == ["run-2"]


def test_abandoned_runs_are_free_at_once(world: World, open_store: Callable[[], Store]) -> None:
    world.start(plan(task("a")))
    world.store.abandon("w1")
    assert open_store().adopt("w2", "run-1", world.now) is not None


def test_an_ended_run_is_never_adopted(world: World, open_store: Callable[[], Store]) -> None:
    world.start(plan(task("a")))
    world.tick()
    world.tick(world.end("a"))
    world.finish()
    assert open_store().adopt("w2", "run-1", world.now) is None
    assert open_store().unowned(10) == []


def test_the_owners_of_runs_that_go_on_are_known_also_when_they_are_dead(world: World, dead: set[str]) -> None:
    world.start(plan(task("a")))
    dead.add("w1")
    assert world.store.owners() == {"w1"}
    world.run_all()
    world.finish()
    assert world.store.owners() == set()


def test_a_run_of_which_something_is_in_flight_is_not_given_back(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    """Only the start cursor of its worker tells what had started, and that is kept for as long as the worker owns something."""
    world.start(plan(task("a")), "busy")
    world.tick()
    world.start(plan(task("b")), "free")
    assert not world.store.abandon("w1")
    assert world.store.owners() == {"w1"}
    assert open_store().unowned(10) == ["free"]
    dead.add("w1")
    adopted = open_store().adopt("w2", "busy", world.now)
    assert adopted is not None
    assert [flight.worker for flight in adopted.in_flight] == ["w1"]
    assert world.store.abandon("w1")


def test_runs_that_nobody_owns_are_found_behind_those_of_others(world: World) -> None:
    """Only as many rows were looked at as runs were asked for: a worker beside others that had their hands full found none."""
    for number in range(5):
        world.start(plan(task("a")), f"run-{number}")
    for number in range(5, 8):
        world.submit(plan(task("a")), f"run-{number}")
    assert world.store.unowned(2) == ["run-5", "run-6"]
