from flow_engine import states
from flow_engine.model import Cancelled, Expanded, Skipped, Succeeded
from support.plans import each, plan, task, value_task
from support.world import OK, World, broken


def test_cancel_is_asked_of_the_owner(world: World) -> None:
    world.start(plan(task("a")))
    assert world.store.request_cancel("run-1", world.now)
    assert world.store.cancel_requests("w1") == ["run-1"]
    assert world.store.cancel_requests("w2") == []


def test_what_waits_never_starts_and_what_runs_ends_when_it_says_so(world: World) -> None:
    world.start(plan(task("a"), task("b", "a"), task("c")))
    world.tick(want=1)
    tick = world.tick(cancels=["run-1"])
    assert tick.claims == []
    assert world.states() == {"a": "claimed", "b": "cancelled", "c": "cancelled"}
    assert world.tick(world.end("a", Cancelled("asked"))).finishing == ["run-1"]
    world.finish()
    assert world.store.run("run-1").state == states.CANCELLED


def test_a_body_that_ended_well_meanwhile_keeps_its_result(world: World) -> None:
    world.start(plan(value_task("a"), value_task("b", "a")))
    world.tick()
    world.tick(cancels=["run-1"])
    world.tick(world.end("a", Succeeded('"kept"')))
    assert world.states() == {"a": "succeeded", "b": "cancelled"}
    assert world.store.results("run-1", [0]) == ['"kept"']


def test_a_failure_after_cancel_is_not_retried(world: World) -> None:
    from flow_lang.plan import Retry

    world.start(plan(task("a", retry=Retry(9))))
    world.tick()
    world.tick(cancels=["run-1"])
    assert world.tick(world.end("a", broken())).finishing == ["run-1"]
    assert world.states() == {"a": states.CANCELLED}


def test_instances_are_cancelled_with_their_group(world: World) -> None:
    world.start(plan(value_task("a"), each("b", "a"), value_task("c", "b")))
    world.tick()
    world.tick(world.end("a"))
    world.tick(world.end("b", Expanded(3, ['"x"'] * 3)), want=1)
    world.tick(want=0, cancels=["run-1"])
    assert world.states() == {
        "a": "succeeded",
        "b": "expanding",
        "b[0]": "claimed",
        "b[1]": "cancelled",
        "b[2]": "cancelled",
        "c": "cancelled",
    }
    world.tick(world.end("b[0]", Cancelled("asked")))
    assert world.states()["b"] == states.CANCELLED
    assert world.finishing == ["run-1"]


def test_a_list_that_comes_after_cancel_starts_nothing(world: World) -> None:
    world.start(plan(value_task("a"), each("b", "a")))
    world.tick()
    world.tick(world.end("a"))
    world.tick(cancels=["run-1"])
    tick = world.tick(world.end("b", Expanded(2, ['"x"', '"y"'])))
    assert tick.claims == []
    assert world.states() == {"a": "succeeded", "b": "cancelled", "b[0]": "cancelled", "b[1]": "cancelled"}
    assert tick.finishing == ["run-1"]


def test_an_ended_run_cannot_be_cancelled(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    world.tick(world.end("a", OK))
    world.finish()
    assert not world.store.request_cancel("run-1", world.now)


def test_a_retry_of_which_nothing_can_start_ends(world: World) -> None:
    """What was cancelled had a parent that was skipped, and the other one ended well in spite of the cancellation: nothing of it is ready
    when it is tried again, and nobody looked at the run any more."""
    world.start(plan(value_task("a"), value_task("s"), value_task("x", "a", "s")))
    world.tick()
    world.tick(world.end("s", Skipped("no")), cancels=["run-1"])
    world.tick(world.end("a"))
    world.finish()
    assert world.store.run("run-1").state == states.CANCELLED
    assert world.store.reopen("run-1", world.now) == 1
    adopted = world.store.adopt("w1", "run-1", world.now)
    assert adopted is not None
    assert adopted.restless
    tick = world.tick()
    assert tick.finishing == ["run-1"]
    assert world.states() == {"a": states.SUCCEEDED, "s": states.SKIPPED, "x": states.SKIPPED}
    assert tick.again is None
    world.finish()
    assert world.store.run("run-1").state == states.SUCCEEDED
