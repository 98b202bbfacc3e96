"""What happens when the main part of a run has ended: undo, on failure, finally."""

from collections.abc import Callable

import pytest
from flow_engine.model import Awaits, Cancelled, Expanded, Failed, Lost, Suspended
from flow_engine.stores.contract import Store
from flow_lang.plan import Body, Plan, Retry
from support.plans import each, handler, plan, task, undo, value_task
from support.world import OK, World, broken

XS = Expanded(3, ['"a"', '"b"', '"c"'])


def saga(**fields: object) -> Plan:
    first = task("first", undo="first.undo")
    listed = value_task("xs")
    many = each("many", "xs", undo="many.undo")
    last = task("last", "first", "many")
    handlers = (handler("tell", "failure", "last"), handler("tidy", "finally"))
    return plan(first, listed, many, last, undo(first), undo(many), *handlers, **fields)


def drive(world: World, until: str) -> None:
    """Ends everything that is claimed with OK, but `until`."""
    world.tick()
    while others := [key for key in world.claims if key != until]:
        claim = world.claims[others[0]]
        world.tick(world.end(others[0], XS if claim.expands else OK))


def test_a_success_undoes_nothing_and_is_tidied_up(world: World) -> None:
    world.start(saga())
    drive(world, "last")
    assert world.tick(world.end("last")).finishing == []
    assert world.states()["first.undo"] == "skipped"
    assert world.states()["tell"] == "skipped"
    assert list(world.claims) == ["tidy"]
    assert world.tick(world.end("tidy")).finishing == ["run-1"]
    assert world.store.outcome("run-1") == "succeeded"


def test_a_failure_undoes_in_reverse_order_of_completion_one_at_a_time(world: World) -> None:
    world.start(saga())
    world.tick()
    world.tick(world.end("xs"))
    world.tick(world.end("many", XS))
    for key in ("many[1]", "first", "many[0]", "many[2]"):
        world.now += 1
        world.tick(world.end(key))
    world.tick(world.end("last", broken()))
    order = []
    while world.claims:
        (key,) = world.claims
        order.append(key)
        world.tick(world.end(key))
    assert order == ["many.undo[2]", "many.undo[0]", "first.undo", "many.undo[1]", "tell", "tidy"]
    assert world.finishing == ["run-1"]
    assert world.store.outcome("run-1") == "failed"


def test_only_what_succeeded_is_undone(world: World) -> None:
    world.start(saga())
    world.tick()
    world.tick(world.end("xs"))
    world.tick(world.end("many", XS))
    world.tick(world.end("many[0]"), world.end("many[1]", broken()), world.end("many[2]", broken()))
    world.tick(world.end("first", broken()))
    assert list(world.claims) == ["many.undo[0]"]
    assert world.states()["many.undo[1]"] == "skipped"
    assert world.states()["first.undo"] == "skipped"


def test_an_undo_that_fails_is_retried_and_the_others_go_on(world: World) -> None:
    a = task("a", undo="a.undo")
    b = task("b", "a", undo="b.undo")
    world.start(plan(a, b, task("c", "b"), undo(a), undo(b, retry=Retry(1))))
    drive(world, "c")
    world.tick(world.end("c", broken()))
    world.tick(world.end("b.undo", broken()))
    assert world.claims["b.undo"].attempt == 2
    world.tick(world.end("b.undo", broken()))
    assert list(world.claims) == ["a.undo"]
    assert world.tick(world.end("a.undo")).finishing == ["run-1"]
    assert world.states()["b.undo"] == "failed"


def test_a_cancel_undoes_tidies_up_and_tells_nobody_of_a_failure(world: World) -> None:
    world.start(saga())
    drive(world, "last")
    world.tick(cancels=["run-1"])
    world.tick(world.end("last", Cancelled("asked")))
    order = world.run_all()
    assert order[:1] == ["many.undo[2]"]
    assert order[-2:] == ["first.undo", "tidy"]
    assert world.states()["tell"] == "skipped"
    assert world.store.outcome("run-1") == "cancelled"


def test_a_run_whose_time_is_over_has_failed(world: World) -> None:
    world.start(saga())
    drive(world, "last")
    world.store.request_cancel("run-1", world.now, "timeout")
    world.tick(timeouts=["run-1"])
    world.tick(world.end("last", Cancelled("timeout")))
    assert world.run_all()[-2:] == ["tell", "tidy"]
    assert world.store.outcome("run-1") == "failed"


def test_a_cancel_that_comes_during_the_handlers_changes_nothing(world: World) -> None:
    world.start(saga())
    drive(world, "last")
    world.tick(world.end("last"))
    world.tick(cancels=["run-1"])
    assert list(world.claims) == ["tidy"]
    world.tick(world.end("tidy"))
    assert world.store.outcome("run-1") == "succeeded"


def test_a_failed_finally_fails_the_run(world: World) -> None:
    world.start(plan(task("a"), handler("tidy", "finally")))
    drive(world, "tidy")
    world.tick(world.end("tidy", broken()))
    assert world.store.outcome("run-1") == "failed"


def test_fail_fast_ends_the_others_and_undoes(world: World) -> None:
    a = task("a", undo="a.undo")
    world.start(plan(a, task("bad"), task("slow"), task("later", "slow"), undo(a), fail_fast=True))
    world.tick()
    world.tick(world.end("a"))
    tick = world.tick(world.end("bad", broken()))
    assert tick.stopping == ["run-1"]
    assert world.states()["later"] == "cancelled"
    world.tick(world.end("slow", Cancelled("the run fails fast")))
    assert list(world.claims) == ["a.undo"]
    world.tick(world.end("a.undo"))
    assert world.store.outcome("run-1") == "failed"


def test_an_optional_failure_is_none_for_fail_fast(world: World) -> None:
    world.start(plan(task("soft", optional=True), task("b"), fail_fast=True))
    world.tick()
    assert world.tick(world.end("soft", broken())).stopping == []
    world.tick(world.end("b"))
    assert world.store.outcome("run-1") == "succeeded"


def test_whoever_takes_the_run_over_goes_on_in_the_same_phase(
    world: World, dead: set[str], open_store: Callable[[], Store]
) -> None:
    world.start(saga())
    drive(world, "last")
    world.now += 1
    world.tick(world.end("last", broken()))
    seen = []
    for number in range(2, 20):
        dead.add(world.worker)
        heir = World(open_store(), f"w{number}", world.now + 1)
        heir.plans = world.plans
        adopted = heir.store.adopt(heir.worker, "run-1", heir.now)
        assert adopted is not None
        heir.hints = list(adopted.ready)
        assert len(adopted.in_flight) == 1
        (flight,) = adopted.in_flight
        lost = Lost("its worker died")
        claim = next(iter(world.claims.values()))
        assert flight.task == claim.task
        heir.tick(world.end(world.key(claim), lost, flight.worker))
        (key,) = heir.claims
        assert heir.claims[key].attempt == 2
        seen.append(key)
        heir.tick(heir.end(key))
        world = heir
        if world.finishing:
            break
    assert seen == ["many.undo[2]", "many.undo[1]", "many.undo[0]", "first.undo", "tell", "tidy"]
    assert world.store.outcome("run-1") == "failed"


def test_a_handler_that_waits_for_a_failure_runs_at_once_and_only_then(world: World) -> None:
    from flow_lang.plan import Need, Task
    from support.plans import NOOP

    told = Task("a.notify_1", NOOP, (Need("a", "failure"),))
    world.start(plan(task("a"), task("slow"), told))
    world.tick()
    world.tick(world.end("a", broken()))
    assert set(world.claims) == {"slow", "a.notify_1"}
    world.start(plan(task("a"), told), "run-2")
    world.tick()
    world.tick(world.end("a"))
    assert world.states("run-2")["a.notify_1"] == "skipped"


def test_at_most_once_is_not_run_again_when_its_worker_is_lost(world: World) -> None:
    world.start(plan(task("a", at_most_once=True, retry=Retry(5))))
    world.tick()
    assert world.tick(world.end("a", Lost("gone"))).finishing == ["run-1"]
    assert world.states() == {"a": "failed"}


def test_a_deadline_goes_over_all_attempts(world: World) -> None:
    world.start(plan(task("a", deadline=100.0, retry=Retry(9, base=60.0))))
    world.tick()
    assert world.claims["a"].deadline == world.now + 100
    world.tick(world.end("a", broken()))
    assert world.states() == {"a": "waiting"}
    world.now += 60
    world.tick()
    assert world.claims["a"].deadline == world.now + 40
    assert world.tick(world.end("a", Failed("exit_1", "{}"))).finishing == ["run-1"]


@pytest.mark.parametrize("moved", [False, True])
def test_a_cancel_after_failing_fast_leaves_the_run_failed(
    world: World, dead: set[str], open_store: Callable[[], Store], moved: bool
) -> None:
    handlers = (handler("tell", "failure"), handler("tidy", "finally"))
    world.start(plan(task("bad"), task("never", "bad"), task("slow"), *handlers, fail_fast=True))
    world.tick()
    world.tick(world.end("bad", broken()))
    world.tick(world.end("slow", Cancelled("fail_fast")))
    assert list(world.claims) == ["tell"]
    _cancel_late(world, dead, open_store, moved)


@pytest.mark.parametrize("moved", [False, True])
def test_a_cancel_after_a_useless_wait_was_ended_leaves_the_run_failed(
    world: World, dead: set[str], open_store: Callable[[], Store], moved: bool
) -> None:
    wait = task("answer")._replace(body=Body("wait", function="approval"))
    handlers = (handler("tell", "failure"), handler("tidy", "finally"))
    world.start(plan(wait, task("bad"), task("use", "answer", "bad"), *handlers))
    world.tick()
    world.tick(world.end("answer", Suspended(Awaits("approval", "answer"))))
    world.tick(world.end("bad", broken()))
    assert world.states()["answer"] == "cancelled"
    assert list(world.claims) == ["tell"]
    _cancel_late(world, dead, open_store, moved)


def _cancel_late(world: World, dead: set[str], open_store: Callable[[], Store], moved: bool) -> None:
    """A cancel while `tell` runs, on this worker or before another takes the run over; both handlers run all the same."""
    world.store.request_cancel("run-1", world.now)
    world.tick(cancels=["run-1"])
    if moved:
        dead.add(world.worker)
        claims, plans = world.claims, world.plans
        world = World(open_store(), "w2", world.now)
        world.claims, world.plans = claims, plans
        adopted = world.store.adopt("w2", "run-1", world.now)
        assert adopted is not None
        world.hints = adopted.ready
        world.tick(world.end("tell", Lost("w1 is gone"), worker="w1"))
    assert world.run_all() == ["tell", "tidy"]
    assert world.store.outcome("run-1") == "failed"


def test_what_completed_in_one_transaction_is_undone_in_the_same_order_after_a_takeover(
    world: World, dead: set[str], open_store: Callable[[], Store]
) -> None:
    """Found by the simulator: the heir undid another row while the first undo still ran."""
    tasks = [task(name, undo=f"{name}.undo") for name in ("a", "b")]
    world.start(plan(*tasks, task("c", "a", "b"), *map(undo, tasks)))
    world.tick()
    world.tick(world.end("b"), world.end("a"))
    world.tick(world.end("c", broken()))
    assert list(world.claims) == ["b.undo"]
    dead.add("w1")
    heir = World(open_store(), "w2", world.now)
    heir.plans = world.plans
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    assert [flight.task for flight in adopted.in_flight] == [world.claims["b.undo"].task]
    assert adopted.ready == []
    heir.tick(world.end("b.undo"))
    assert list(heir.claims) == ["a.undo"]
