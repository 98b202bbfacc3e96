"""Tasks that hold no slot while they wait: for a time, a signal, a child run."""

from collections.abc import Callable

import pytest
from flow_engine.errors import FlowError
from flow_engine.model import (
    Awaits,
    Claim,
    Completion,
    Lost,
    NewRun,
    Released,
    Signal,
    Succeeded,
    Suspended,
    TaskRef,
)
from flow_engine.stores.contract import Store
from flow_lang.plan import Body, Plan, Rate
from support.plans import digest, plan, task, undo
from support.world import World, broken

EVENT = Awaits("event", "paid", "", None)


def suspended(world: World, awaits: Awaits = EVENT) -> TaskRef:
    world.start(plan(task("a"), task("b", "a")))
    world.tick()
    ref = world.claims["a"].task
    world.tick(world.end("a", Suspended(awaits)))
    return ref


def test_it_is_waiting_and_wakes_with_the_same_attempt(world: World) -> None:
    ref = suspended(world)
    assert world.states() == {"a": "waiting", "b": "blocked"}
    assert world.store.arrivals("w1") == []
    world.store.send("run-1", Signal("event", "paid", "12", world.now))
    assert world.store.arrivals("w1") == [ref]
    tick = world.tick(wakes=[ref], want=0)
    assert tick.claims == [Claim(ref, 1, 0, None, False, EVENT, None)]
    assert world.store.arrivals("w1") == []
    world.tick(world.end("a", Succeeded("12")))
    assert world.states() == {"a": "succeeded", "b": "claimed"}
    assert world.store.attempts("run-1", 0)[0].attempt == 1


def test_a_wake_for_nothing_changes_nothing(world: World) -> None:
    ref = suspended(world)
    world.tick(wakes=[ref])
    world.tick(world.end("a", Suspended(EVENT)))
    assert world.states()["a"] == "waiting"
    assert world.row("a").attempt == 1


def test_its_time_is_an_alarm(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    ref = world.claims["a"].task
    tick = world.tick(world.end("a", Suspended(Awaits("timer", "1050", "", 1050.0))))
    assert [(hint.task, hint.due, hint.alarm) for hint in tick.ready] == [(ref, 1050.0, True)]


@pytest.mark.parametrize("outcome", [Released(), Lost("its worker died")])
def test_a_look_that_is_lost_costs_nothing(world: World, outcome: Released | Lost) -> None:
    ref = suspended(world, Awaits("timer", "1050", "", 1050.0))
    world.tick(wakes=[ref])
    world.tick(world.end("a", outcome))
    row = world.row("a")
    assert (row.state, row.attempt, row.losses, row.ready_at) == ("waiting", 1, 0, 1050.0)


def test_it_outlives_its_worker(world: World, dead: set[str], open_store: Callable[[], Store]) -> None:
    ref = suspended(world, Awaits("approval", "a", "Publish?", 2000.0))
    dead.add("w1")
    heir = World(open_store(), "w2", world.now + 10)
    heir.plans = world.plans
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    assert [(hint.task, hint.due, hint.alarm) for hint in adopted.ready] == [(ref, 2000.0, True)]
    heir.store.send("run-1", Signal("approval", "a", "true", heir.now))
    assert heir.store.arrivals("w2") == [ref]
    (claim,) = heir.tick(wakes=[ref]).claims
    assert claim.awaits == Awaits("approval", "a", "Publish?", 2000.0)


def test_a_failed_attempt_forgets_what_it_waited_for(world: World) -> None:
    from flow_lang.plan import Retry

    world.start(plan(task("a", retry=Retry(1))))
    world.tick()
    ref = world.claims["a"].task
    world.tick(world.end("a", Suspended(EVENT)))
    world.tick(wakes=[ref])
    world.tick(world.end("a", broken()))
    claim = world.claims["a"]
    assert (claim.attempt, claim.awaits) == (2, None)


def test_a_cancel_ends_a_wait_at_once_and_a_child_with_its_run(world: World) -> None:
    suspended(world)
    assert world.tick(cancels=["run-1"]).finishing == ["run-1"]
    assert world.states() == {"a": "cancelled", "b": "cancelled"}


def test_nothing_can_be_sent_to_a_run_that_has_ended(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    world.tick(world.end("a"))
    world.finish()
    with pytest.raises(FlowError, match="has ended"):
        world.store.send("run-1", Signal("event", "paid", "1", world.now))


# Child runs


def child_of(made: Plan, parent: TaskRef, now: float, run: str = "run-1a") -> NewRun:
    return NewRun(run, digest(made), made, "{}", {}, "/tmp", now, owner="w1", parent=parent)


def parent_of_child(world: World) -> tuple[TaskRef, Plan]:
    inner = plan(task("t"), name="inner")
    world.start(plan(task("a"), task("b", "a")))
    world.store.submit(NewRun("other", digest(inner), inner, "{}", {}, "/tmp", world.now, owner="w1"))
    world.tick()
    ref = world.claims["a"].task
    child = child_of(inner, ref, world.now)
    world.plans["run-1a"] = inner
    world.tick(world.end("a", Suspended(Awaits("child", "run-1a", "inner", None), child)))
    return ref, inner


def test_a_child_begins_with_the_suspension_and_its_end_wakes_the_task(world: World) -> None:
    ref, _ = parent_of_child(world)
    assert world.store.children("run-1") == ["run-1a"]
    assert world.store.run("run-1a").parent == "run-1"
    adopted = world.store.adopt("w1", "run-1a", world.now)
    assert adopted is not None
    assert adopted.plan.entry == "inner"
    world.hints += adopted.ready
    world.tick()
    world.tick(world.end("t"))
    world.finish("run-1a", '"result"')
    assert world.store.children("run-1") == []
    assert world.store.arrivals("w1") == [ref]
    (claim,) = world.tick(wakes=[ref]).claims
    assert claim.awaits is not None
    assert claim.awaits.name == "run-1a"


def test_a_child_begins_also_where_its_task_is_looked_at_in_the_same_transaction(world: World) -> None:
    """By a wake for the attempt before. The run then waited for ever for a child run that there was not (simulator, seed 201971)."""
    inner = plan(task("t"), name="inner")
    world.start(plan(task("a")))
    world.store.submit(NewRun("other", digest(inner), inner, "{}", {}, "/tmp", world.now, owner="w1"))
    world.tick()
    ref = world.claims["a"].task
    waits = Suspended(Awaits("child", "run-1a", "inner", None), child_of(inner, ref, world.now))
    tick = world.tick(world.end("a", waits), wakes=[ref])
    assert [child.id for child in tick.begun] == ["run-1a"]
    assert [claim.task for claim in tick.claims] == [ref]
    assert world.store.children("run-1") == ["run-1a"]


def test_no_child_begins_where_its_task_was_ended_meanwhile(world: World) -> None:
    inner = plan(task("t"), name="inner")
    world.start(plan(task("a"), task("bad"), fail_fast=True))
    world.store.submit(NewRun("other", digest(inner), inner, "{}", {}, "/tmp", world.now, owner="w1"))
    world.tick()
    waits = Suspended(Awaits("child", "run-1a", "inner", None), child_of(inner, world.claims["a"].task, world.now))
    tick = world.tick(world.end("bad", broken()), world.end("a", waits))
    assert (tick.begun, tick.refused) == ([], [])
    assert world.states() == {"a": "cancelled", "bad": "failed"}


def test_a_fenced_suspension_begins_no_child(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    claim = world.claims["a"]
    inner = plan(task("t"), name="inner")
    late = Suspended(Awaits("child", "run-1a", "inner", None), child_of(inner, claim.task, world.now))
    tick = world.tick(Completion(claim.task, claim.attempt + 1, "w1", late))
    assert tick.refused == [claim.task]
    assert world.store.children("run-1") == []


def test_a_cancelled_parent_waits_for_the_end_of_its_child(world: World) -> None:
    ref, _ = parent_of_child(world)
    assert world.tick(cancels=["run-1"]).finishing == []
    assert world.states()["a"] == "waiting"
    world.tick(wakes=[ref])
    assert world.tick(world.end("a", broken("child_cancelled"))).finishing == ["run-1"]
    assert world.states()["a"] == "cancelled"


def test_an_approval_that_is_asked_again_needs_another_answer(world: World) -> None:
    """What was approved were other rows; an event is kept, as it would be for a new wait."""
    ask = task("ask", "rows")._replace(body=Body("wait", function="approval"))
    world.start(plan(task("rows", undo="rows.undo"), ask, task("bad", "ask"), undo(task("rows"))))
    world.tick()
    world.tick(world.end("rows"))
    world.tick(world.end("ask", Suspended(Awaits("approval", "ask", "Publish 5?"))))
    world.store.send("run-1", Signal("approval", "ask", "true", world.now, "ada"))
    world.store.send("run-1", Signal("event", "ask", "1", world.now))
    (ref,) = world.store.arrivals("w1")
    world.tick(wakes=[ref])
    world.tick(world.end("ask", Succeeded("true")))
    world.tick(world.end("bad", broken()))
    world.run_all()
    world.finish()
    assert world.store.reopen("run-1", world.now)
    assert [(s.kind, s.name, s.sent_by) for s in world.store.signals("run-1")] == [
        ("void", "ask", "ada"),
        ("event", "ask", ""),
    ]


def test_what_succeeded_before_a_retry_stays_among_the_attempts(world: World) -> None:
    """Its row alone told of it, and is now that of another attempt."""
    world.start(plan(task("rows", undo="rows.undo"), task("bad", "rows"), undo(task("rows"))))
    world.tick()
    world.tick(world.end("rows"))
    world.tick(world.end("bad", broken()))
    world.run_all()
    world.finish()
    (first,) = world.store.attempts("run-1", 0)
    assert (first.attempt, first.worker, first.state) == (1, "w1", "succeeded")
    assert world.store.reopen("run-1", world.now)
    assert world.store.attempts("run-1", 0) == [first]
    adopted = world.store.adopt("w1", "run-1", world.now)
    assert adopted is not None
    world.hints += adopted.ready
    world.run_all()
    assert world.store.attempts("run-1", 0)[0] == first
    assert [one.attempt for one in world.store.attempts("run-1", 0)] == [1, 2]


@pytest.mark.parametrize("outcome", [Released(), Lost("its worker died")])
def test_the_end_after_a_look_that_was_lost_is_kept_once(world: World, outcome: Released | Lost) -> None:
    """A worker was killed while it looked at a wait. On SQLite the attempt then had two ends, and nobody could go on with the run."""
    ref = suspended(world)
    world.tick(wakes=[ref])
    world.tick(world.end("a", outcome))
    assert world.store.attempts("run-1", 0) == []
    world.tick(wakes=[ref])
    world.tick(world.end("a"))
    assert [(one.attempt, one.state) for one in world.store.attempts("run-1", 0)] == [(1, "succeeded")]


def test_a_wake_of_a_worker_that_has_lost_the_run_changes_nothing(
    world: World, dead: set[str], open_store: Callable[[], Store]
) -> None:
    """A worker that slept woke a task which had ended meanwhile, and it was claimed again."""
    ref = suspended(world)
    dead.add("w1")
    heir = World(open_store(), "w2", world.now + 10)
    heir.plans = world.plans
    assert heir.store.adopt("w2", "run-1", heir.now) is not None
    heir.tick(wakes=[ref])
    heir.tick(heir.end("a"))
    before = heir.store.tasks("run-1")
    assert world.tick(wakes=[ref]).claims == []
    assert heir.store.tasks("run-1") == before


def test_a_start_that_was_held_back_is_not_made_by_a_worker_that_has_lost_the_run(
    world: World, dead: set[str], open_store: Callable[[], Store]
) -> None:
    world.start(plan(task("a", rate=Rate(1, 30.0)), task("b")))
    world.start(plan(task("a", rate=Rate(1, 30.0))), "run-2")
    world.tick()
    held = [run for run in ("run-1", "run-2") if world.row("a", run).state == "ready"]
    assert len(held) == 1
    dead.add("w1")
    heir = World(open_store(), "w2", world.now + 60)
    assert heir.store.adopt("w2", held[0], heir.now) is not None
    world.now = heir.now
    assert [claim for claim in world.tick().claims if claim.task.run == held[0]] == []
    assert world.row("a", held[0]).state == "ready"


def test_an_old_message_about_a_child_run_is_refused(world: World) -> None:
    """All claims of a suspended attempt have its number: the message that began the child run came again when the task was looked at."""
    made = plan(task("a"))
    world.start(made)
    world.tick()
    child = NewRun("child-1", digest(made), made, "", {}, "/tmp", world.now, owner="w1", parent=world.claims["a"].task)
    begins = world.end("a", Suspended(Awaits("child", "child-1", "w", None), child))
    world.tick(begins)
    world.tick(wakes=[begins.task])
    assert world.tick(begins).refused == [begins.task]
    assert world.row("a").state == "claimed"


def test_a_wait_that_was_in_flight_when_nobody_needed_it_any_more_keeps_no_run_open(world: World) -> None:
    """Found by the stateful test: it then waited for an answer that nobody could use, and the failed run with it."""
    wait = task("w")._replace(body=Body("wait", function="event"))
    world.start(plan(task("a"), wait, task("b", "a", "w")))
    world.tick()
    world.tick(world.end("a", broken()))
    assert world.states() == {"a": "failed", "w": "claimed", "b": "upstream_failed"}
    tick = world.tick(world.end("w", Suspended(EVENT)))
    assert world.states()["w"] == "cancelled"
    assert tick.finishing == ["run-1"]
    world.finish()
    assert world.store.run("run-1").state == "failed"
