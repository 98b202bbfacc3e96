"""Notices as an outbox: written with what they tell of, for the rules that ask for it; delivered at least once, held by one relay at a time."""

import json
from collections.abc import Callable

import pytest
from flow_engine.model import Awaits, Failed, RunEnd, Suspended, TaskRef
from flow_engine.notices.contract import EVENTS, Notice, NotifyRule
from flow_engine.stores.contract import Store
from flow_lang.plan import Body, Plan, Retry
from support.plans import plan, task
from support.world import World, broken

QUESTION = Suspended(Awaits("approval", "ask", "Release it?"))
LATER = (2000.0, 2100.0)


def rule(name: str = "all", *events: str, workflow: str | None = None, namespace: str = "default") -> NotifyRule:
    return NotifyRule(name, events or EVENTS, '{"to": "ops"}', workflow, namespace)


def claimed(world: World) -> list[Notice]:
    return world.store.notices.claim("relay", 10, *LATER)


def told(world: World) -> list[tuple[str, str, str]]:
    """All that wait are delivered."""
    found = claimed(world)
    assert world.store.notices.delivered("relay", [notice.number for notice in found]) == len(found)
    return [(notice.rule, notice.event, notice.task) for notice in found]


def end(world: World, made: Plan, *outcomes: Failed, run: str = "run-1") -> None:
    """One run of one task, to its end."""
    world.start(made, run)
    world.tick()
    world.tick(world.end("a", *outcomes))
    world.finish(run)


def ask(world: World) -> None:
    """A run waits for an approval."""
    world.start(plan(task("a")._replace(body=Body("wait", function="approval"))))
    world.tick()
    world.tick(world.end("a", QUESTION))


def test_without_a_rule_nothing_is_kept(world: World) -> None:
    end(world, plan(task("a")), broken())
    assert world.store.notices.backlog() == (0, None)
    assert claimed(world) == []


def test_a_run_that_succeeds_is_told_once_to_each_rule_that_asks(world: World) -> None:
    for one in (rule("a", "run.succeeded"), rule("b", "run.failed"), rule("c", "run.succeeded", "run.failed")):
        assert world.store.notices.put_rule(one, 1.0) is True
    end(world, plan(task("a")))
    assert world.store.notices.backlog() == (2, world.now)
    assert told(world) == [("a", "run.succeeded", ""), ("c", "run.succeeded", "")]
    assert told(world) == []


def test_a_failure_is_told_with_its_task_and_error(world: World) -> None:
    world.store.notices.put_rule(rule(), 1.0)
    end(world, plan(task("a")), broken("exit_7"))
    task_failed, run_failed = claimed(world)
    assert (task_failed.event, run_failed.event) == ("task.failed", "run.failed")
    for notice in (task_failed, run_failed):
        assert (notice.run, notice.workflow, notice.task, notice.attempt) == ("run-1", "w", "a", 1)
        assert json.loads(notice.error or "")["code"] == "exit_7"
        assert (notice.sink, notice.tries, notice.created_at) == ('{"to": "ops"}', 1, world.now)
    assert task_failed.id != run_failed.id


def test_a_failure_that_is_tried_again_is_not_told(world: World) -> None:
    world.store.notices.put_rule(rule(), 1.0)
    world.start(plan(task("a", retry=Retry(1, 0.0, 1.0, 0.0))))
    world.tick()
    world.tick(world.end("a", broken()))
    assert told(world) == []


def test_a_rule_of_a_workflow_hears_of_no_other(world: World) -> None:
    world.store.notices.put_rule(rule("one", "run.succeeded", workflow="a_b"), 1.0)
    for number, name in enumerate(("a_b", "axb", "lib/x.flow:a_b", "a_bc", "xa_b")):
        end(world, plan(task("a"), name=name), run=f"run-{number}")
    assert [notice.workflow for notice in claimed(world)] == ["a_b", "lib/x.flow:a_b"]


def test_a_rule_of_another_namespace_hears_nothing(world: World) -> None:
    world.store.notices.put_rule(rule(namespace="other"), 1.0)
    end(world, plan(task("a")), broken())
    assert told(world) == []
    assert world.store.notices.rules() == []
    assert world.store.notices.rules("other") == [rule(namespace="other")._replace(events=tuple(sorted(EVENTS)))]


def test_a_child_run_is_not_told_of_but_its_failed_task_is(world: World) -> None:
    world.store.notices.put_rule(rule(), 1.0)
    world.submit(plan(task("a")), "run-1", parent=TaskRef("run-0", 0))
    adopted = world.store.adopt(world.worker, "run-1", world.now)
    assert adopted is not None
    world.hints += adopted.ready
    world.tick()
    world.tick(world.end("a", broken()))
    world.finish()
    assert told(world) == [("all", "task.failed", "a")]


def test_of_runs_that_end_together_each_is_told_of_by_itself(world: World) -> None:
    world.store.notices.put_rule(rule("a", "run.succeeded"), 1.0)
    world.start(plan(task("a")), "run-1")
    world.submit(plan(task("b")), "run-2", parent=TaskRef("run-0", 0))
    adopted = world.store.adopt(world.worker, "run-2", world.now)
    assert adopted is not None
    world.hints += adopted.ready
    claims = world.tick().claims
    world.tick(*[world.end_of(claim) for claim in claims], want=0)
    world.store.finish(world.worker, world.now, [RunEnd("run-1", None, None), RunEnd("run-2", None, None)])
    assert [notice.run for notice in claimed(world)] == ["run-1"]


def test_an_approval_is_told_once_however_often_it_is_looked_at(world: World) -> None:
    world.store.notices.put_rule(rule(), 1.0)
    ask(world)
    (notice,) = claimed(world)
    assert (notice.event, notice.task, notice.text, notice.answered) == ("approval.waiting", "a", "Release it?", False)
    assert world.store.notices.delivered("relay", [notice.number]) == 1
    world.tick(wakes=[TaskRef("run-1", 0)])
    world.tick(world.end("a", QUESTION))
    assert world.states() == {"a": "waiting"}
    assert told(world) == []


def test_an_approval_that_is_answered_before_it_is_told_says_so(world: World) -> None:
    world.store.notices.put_rule(rule("ask", "approval.waiting"), 1.0)
    ask(world)
    (waits,) = world.store.notices.claim("one", 10, 1000.0, 1001.0)
    assert not waits.answered
    world.tick(cancels=["run-1"])
    (notice,) = claimed(world)
    assert notice.answered


def test_what_one_relay_holds_another_does_not_get_until_its_time_is_over(world: World) -> None:
    notices = world.store.notices
    notices.put_rule(rule("a", "run.succeeded"), 1.0)
    end(world, plan(task("a")))
    assert len(notices.claim("one", 10, 2000.0, 2100.0)) == 1
    assert notices.claim("two", 10, 2099.0, 2199.0) == []
    (again,) = notices.claim("two", 10, 2100.0, 2200.0)
    assert again.tries == 2
    assert notices.delivered("one", [again.number]) == 0
    assert notices.put_off("one", again.number, "late", 9999.0) is False
    assert notices.give_up("one", again.number, "late", 9999.0) is False
    assert notices.put_off("two", again.number, "not now", 2300.0) is True
    assert notices.claim("three", 10, 2299.0, 2399.0) == []
    (third,) = notices.claim("three", 10, 2300.0, 2400.0)
    assert (third.tries, third.trouble) == (3, "not now")


def test_what_is_given_up_is_kept_and_may_be_tried_again(world: World) -> None:
    notices = world.store.notices
    notices.put_rule(rule("a", "run.succeeded"), 1.0)
    end(world, plan(task("a")))
    (notice,) = claimed(world)
    assert notices.give_up("relay", notice.number, "no such user", 2050.0) is True
    assert notices.backlog() == (0, None)
    assert notices.claim("relay", 10, 9000.0, 9100.0) == []
    (failed,) = notices.failed()
    assert (failed.number, failed.trouble, failed.failed_at) == (notice.number, "no such user", 2050.0)
    assert notices.failed("other") == []
    assert notices.try_again("other") == 0
    assert notices.try_again() == 1
    assert [one.number for one in notices.claim("relay", 10, 9000.0, 9100.0)] == [notice.number]


def test_a_rule_is_replaced_and_removed(world: World, open_store: Callable[[], Store]) -> None:
    notices = world.store.notices
    assert notices.put_rule(rule("a", "run.succeeded", "run.failed"), 1.0) is True
    end(world, plan(task("a")))
    assert notices.put_rule(NotifyRule("a", ("run.failed",), '{"to": "x"}', "w"), 2.0) is False
    assert open_store().notices.rules() == [NotifyRule("a", ("run.failed",), '{"to": "x"}', "w")]
    assert [notice.sink for notice in claimed(world)] == ['{"to": "x"}']
    assert notices.remove_rule("b") is False
    assert notices.remove_rule("a", "other") is False
    assert notices.remove_rule("a") is True
    assert notices.rules() == []
    assert notices.backlog() == (0, None)


@pytest.mark.parametrize("event", ["run.cancelled"])
def test_a_cancelled_run_is_told(world: World, event: str) -> None:
    world.store.notices.put_rule(rule("a", event), 1.0)
    world.start(plan(task("a")))
    world.tick(cancels=["run-1"], want=0)
    world.finish()
    assert told(world) == [("a", "run.cancelled", "")]


def test_a_namespace_that_has_a_rule_is_known(world: World) -> None:
    world.store.notices.put_rule(NotifyRule("ops", ("run.failed",), '{"to": "x"}', namespace="team-a"), 1000.0)
    assert "team-a" in world.store.access.namespaces()
