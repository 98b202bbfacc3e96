import pytest
from flow_engine import states
from flow_engine.model import Failed, Skipped, Succeeded
from flow_lang.plan import Retry
from support.plans import plan, task, value_task
from support.world import World, broken


def test_a_chain_advances_one_commit_a_step(world: World) -> None:
    world.start(plan(task("a"), task("b", "a"), task("c", "b")))
    assert [world.key(claim) for claim in world.tick().claims] == ["a"]
    assert [world.key(claim) for claim in world.tick(world.end("a")).claims] == ["b"]
    assert [world.key(claim) for claim in world.tick(world.end("b")).claims] == ["c"]
    assert world.tick(world.end("c")).finishing == ["run-1"]
    world.finish(result='"x"')
    record = world.store.run("run-1")
    assert (record.state, record.result, record.owner) == (states.SUCCEEDED, '"x"', None)


def test_no_child_starts_before_all_of_its_parents(world: World) -> None:
    world.start(plan(task("a"), task("b"), task("c", "a", "b")))
    world.tick()
    assert world.tick(world.end("a")).claims == []
    assert world.states()["c"] == states.BLOCKED
    assert [world.key(claim) for claim in world.tick(world.end("b")).claims] == ["c"]


def test_claims_stop_at_what_is_wanted_and_the_rest_is_hinted(world: World) -> None:
    world.start(plan(*(task(f"t{number}") for number in range(5))))
    assert len(world.tick(want=2).claims) == 2
    assert len(world.hints) == 3
    assert len(world.tick(want=100).claims) == 3


def test_higher_priority_goes_first(world: World) -> None:
    world.start(plan(task("low"), task("high", priority=9), task("middle", priority=5)))
    order = [world.key(claim) for _ in range(3) for claim in world.tick(want=1).claims]
    assert order == ["high", "middle", "low"]


def test_a_stale_hint_claims_nothing(world: World) -> None:
    world.start(plan(task("a")))
    hint = world.hints[0]
    assert len(world.tick().claims) == 1
    world.hints = [hint]
    assert world.tick().claims == []


def test_results_are_kept_and_given_in_the_order_asked(world: World) -> None:
    world.start(plan(value_task("a"), value_task("b")))
    world.tick()
    world.tick(world.end("a", Succeeded('"A"')), world.end("b", Succeeded('"B"')))
    assert world.store.results("run-1", [1, 0]) == ['"B"', '"A"']


def test_a_failure_is_retried_and_then_final(world: World) -> None:
    world.start(plan(task("a", retry=Retry(1, base=10.0)), task("b", "a")))
    world.tick()
    world.tick(world.end("a", broken()))
    assert world.row("a").state == states.WAITING
    assert world.row("a").ready_at == world.now + 10.0
    assert world.tick().claims == []
    world.now += 10.0
    assert [claim.attempt for claim in world.tick().claims] == [2]
    assert world.tick(world.end("a", broken())).finishing == ["run-1"]
    assert world.states() == {"a": states.FAILED, "b": states.UPSTREAM_FAILED}
    assert [attempt.state for attempt in world.store.attempts("run-1", 0)] == ["failed", "failed"]
    world.finish()
    assert world.store.run("run-1").state == states.FAILED


def test_independent_branches_go_on_after_a_failure(world: World) -> None:
    world.start(plan(task("bad"), task("good"), task("after_bad", "bad"), task("after_good", "good")))
    world.tick()
    tick = world.tick(world.end("bad", broken()), world.end("good"))
    assert [world.key(claim) for claim in tick.claims] == ["after_good"]
    assert world.states()["after_bad"] == states.UPSTREAM_FAILED


def test_an_optional_failure_counts_as_a_skip(world: World) -> None:
    world.start(plan(value_task("a", optional=True), value_task("uses", "a"), task("after", "a")))
    world.tick()
    world.tick(world.end("a", broken()))
    assert world.states() == {"a": states.FAILED, "uses": states.SKIPPED, "after": states.CLAIMED}
    assert world.tick(world.end("after")).finishing == ["run-1"]
    world.finish()
    assert world.store.run("run-1").state == states.SUCCEEDED


def test_a_skip_goes_on_to_what_needs_the_value(world: World) -> None:
    made = plan(
        value_task("a"), value_task("uses", "a"), value_task("tolerates", "a", skip_ok=True), task("after", "a")
    )
    world.start(made)
    world.tick()
    world.tick(world.end("a", Skipped("its condition is false")))
    assert world.states() == {"a": "skipped", "uses": "skipped", "tolerates": "claimed", "after": "claimed"}


def test_a_failed_parent_wins_over_a_skipped_one_whatever_the_order(world: World) -> None:
    for number, first in enumerate(("a", "b")):
        run = world.start(plan(value_task("a"), value_task("b"), value_task("c", "a", "b")), f"run-{number}")
        world.tick()
        ends = {"a": world.end("a", Skipped("no")), "b": world.end("b", broken())}
        second = "b" if first == "a" else "a"
        world.tick(ends[first])
        world.tick(ends[second])
        assert world.states(run)["c"] == states.UPSTREAM_FAILED


def test_a_start_delay_holds_the_first_attempt_back(world: World) -> None:
    world.start(plan(task("a", delay=30.0)))
    assert world.tick().claims == []
    world.now += 30.0
    assert len(world.tick().claims) == 1


def test_events_tell_each_change_in_order(world: World) -> None:
    world.start(plan(task("a")))
    world.tick()
    world.tick(world.end("a"))
    world.finish()
    events = world.store.events("run-1", 0)
    assert [change for event in events for change in event.changes] == [
        [0, "claimed", 1],
        [0, "succeeded", 1],
        ["run", "succeeded"],
    ]
    assert world.store.events("run-1", events[1].id)[0].changes == [["run", "succeeded"]]


@pytest.mark.parametrize(("asked", "delay"), [(30.0, 30.0), (0.5, 2.0)])
def test_a_retry_waits_at_least_what_the_other_side_asks(world: World, asked: float, delay: float) -> None:
    world.start(plan(task("a", retry=Retry(1, base=2.0))))
    world.tick()
    (hint,) = world.tick(world.end("a", Failed("http_429", "{}", after=asked))).ready
    assert hint.due == world.now + delay
    assert world.row("a").ready_at == world.now + delay


def test_a_wait_beyond_the_deadline_ends_the_task_at_once(world: World) -> None:
    world.start(plan(task("a", retry=Retry(1), deadline=20.0)))
    world.tick()
    assert world.tick(world.end("a", Failed("http_503", "{}", after=20.0))).finishing == ["run-1"]
    assert world.states() == {"a": "failed"}
