"""Tasks that need labels: claimed by an owner that has them, else lent to who has them, or left alone."""

from collections.abc import Callable

import pytest
from flow_engine.model import Ask, Expanded, Failed, Hint, Room, TaskRef
from flow_engine.stores.contract import Store
from flow_engine.stores.mail import Mail, room_message
from flow_lang.plan import Body, Plan, Pool, Retry
from support.plans import each, handler, plan, task, undo, value_task
from support.world import World, broken

GPU, BOTH = ("gpu",), ("gpu", "ssd")
WAIT = Body("wait", function="event")


def ask(world: World, key: str, labels: tuple[str, ...] = (), worker: str = "w2") -> Ask:
    row = world.row(key)
    return Ask(Hint(0.0, 0.0, TaskRef("run-1", row.seq), False, row.attempt), worker, labels)


def lent(world: World, *asks: Ask, labels: tuple[str, ...] = ()) -> list[str]:
    return [world.key(one.claim) for one in world.tick(want=0, asks=asks, labels=labels).lent]


def claimed(world: World, *labels: str) -> list[str]:
    return [world.key(claim) for claim in world.tick(labels=labels).claims]


def test_where_nobody_looks_at_labels_every_worker_takes_all(world: World) -> None:
    world.start(plan(task("a", labels=GPU)))
    assert [world.key(claim) for claim in world.tick().claims] == ["a"]


@pytest.mark.parametrize(
    ("has", "takes"), [((), ["c"]), (GPU, ["a", "c"]), (BOTH, ["a", "b", "c"]), (("ssd", "x"), ["c"])]
)
def test_an_owner_takes_what_it_has_all_labels_for(world: World, has: tuple[str, ...], takes: list[str]) -> None:
    world.start(plan(task("a", labels=GPU), task("b", labels=("ssd", "gpu")), task("c")))
    assert sorted(claimed(world, *has)) == takes
    left = {"a": GPU, "b": BOTH, "c": ()}
    assert {hint.task.seq: hint.labels for hint in world.hints} == {
        seq: labels for seq, (key, labels) in enumerate(left.items()) if key not in takes
    }
    assert claimed(world, *has) == []


def test_what_becomes_ready_and_needs_labels_takes_no_room_from_the_others(world: World) -> None:
    world.start(plan(task("a"), task("b", "a", labels=GPU, priority=9), task("c", "a")))
    assert claimed(world) == ["a"]
    tick = world.tick(world.end("a"), want=1, labels=())
    assert [world.key(claim) for claim in tick.claims] == ["c"]
    assert [(hint.task.seq, hint.labels) for hint in tick.ready] == [(1, GPU)]
    assert world.states()["b"] == "ready"


def test_it_is_lent_to_one_that_has_all_labels(world: World) -> None:
    world.start(plan(task("a", labels=BOTH), task("b", labels=GPU), task("c")))
    asks = [ask(world, "a"), ask(world, "a", GPU), ask(world, "b", GPU, "w3"), ask(world, "c", worker="w4")]
    tick = world.tick(want=0, asks=asks, labels=())
    assert [(one.worker, world.key(one.claim)) for one in tick.lent] == [("w3", "b"), ("w4", "c")]
    assert lent(world, ask(world, "a", ("x", *BOTH))) == ["a"]
    assert world.tick(world.end("a", worker="w2"), world.end("b", worker="w3"), labels=()).refused == []
    assert world.states() == {"a": "succeeded", "b": "succeeded", "c": "claimed"}


def test_what_is_not_lent_is_still_there(world: World) -> None:
    world.start(plan(task("a", labels=GPU)))
    world.hints = []
    tick = world.tick(want=0, asks=[ask(world, "a", ("ssd",))], labels=())
    assert [hint.task.seq for hint in tick.ready] == [0]


def test_lists_and_waits_are_decided_by_an_owner_without_labels(world: World) -> None:
    many = each("many", "xs", labels=GPU)
    world.start(plan(value_task("xs"), many, value_task("w")._replace(body=WAIT, labels=GPU)))
    assert sorted(claimed(world)) == ["w", "xs"]
    world.tick(world.end("xs"), labels=())
    assert list(world.claims) == ["w", "many"]
    world.tick(world.end("many", Expanded(2, ['"x"', '"y"'])), labels=())
    assert list(world.claims) == ["w"]
    assert {hint.labels for hint in world.hints} == {GPU}
    assert lent(world, ask(world, "many[0]", GPU), ask(world, "many[1]")) == ["many[0]"]


def with_handlers() -> Plan:
    first = task("first", undo="first.undo", labels=GPU, at_most_once=True)
    handlers = (handler("tell", "failure", labels=GPU), handler("tidy", "finally", labels=GPU))
    return plan(first, task("last", "first"), undo(first, labels=GPU), *handlers)


def test_what_handles_an_end_or_may_start_once_is_lent_by_an_owner_without_labels(world: World) -> None:
    world.start(with_handlers())
    for key in ("first", "last", "first.undo", "tell", "tidy"):
        assert claimed(world) == (["last"] if key == "last" else [])
        if key != "last":
            assert lent(world, ask(world, key)) == []
            assert lent(world, ask(world, key, GPU)) == [key]
        end = world.end(key, broken()) if key == "last" else world.end(key, worker="w2")
        assert world.tick(end, want=0, labels=()).refused == []
    assert world.finishing == ["run-1"]


def test_an_owner_that_has_the_labels_does_these_itself(world: World) -> None:
    world.start(with_handlers())
    for key in ("first", "last", "first.undo", "tell", "tidy"):
        if key != "last":
            assert lent(world, ask(world, key, GPU), labels=GPU) == []
        assert claimed(world, *GPU) == [key]
        world.tick(world.end(key, broken()) if key == "last" else world.end(key), want=0, labels=GPU)
    assert world.finishing == ["run-1"]


def test_who_has_borrowed_a_handler_knows_how_the_run_ends(world: World, open_store: Callable[[], Store]) -> None:
    world.start(with_handlers())
    assert lent(world, ask(world, "first", GPU)) == ["first"]
    world.tick(world.end("first", Failed("exit_1", "{}", False), worker="w2"), labels=())
    assert lent(world, ask(world, "tell", GPU)) == ["tell"]
    assert open_store().outcome("run-1") == world.store.outcome("run-1") == "failed"


def test_what_a_pool_holds_back_is_not_claimed_by_an_owner_without_labels_later(world: World) -> None:
    pooled = [task(name, pool="p", labels=GPU) for name in ("a", "b")]
    world.start(plan(*pooled, task("c", pool="p"), pools=(Pool("p", 1),)))
    tick = world.tick(want=0, asks=[ask(world, "a", GPU), ask(world, "b", GPU)], labels=())
    assert [world.key(one.claim) for one in tick.lent] == ["a"]
    assert [hint.task.seq for hint in tick.ready] == [1]
    world.hints = []
    tick = world.tick(world.end("a", worker="w2"), labels=())
    assert tick.claims == []
    assert lent(world, ask(world, "b", GPU)) == ["b"]


def test_a_pool_is_kept_for_a_moment_for_one_who_asked_in_vain(world: World) -> None:
    """What the owner takes itself had every slot that came free, since it looks in every tick."""
    names = [task(name, pool="p") for name in ("a", "b", "c")]
    world.start(plan(*names, task("g", pool="p", labels=GPU), pools=(Pool("p", 1),)))
    assert claimed(world) == ["a"]
    world.now += 1.0
    assert lent(world, ask(world, "g", GPU)) == []
    assert world.tick(world.end("a"), labels=()).claims == []
    assert lent(world, ask(world, "g", GPU)) == ["g"]
    assert [world.key(one) for one in world.tick(world.end("g", worker="w2"), labels=()).claims] == ["b"]


def test_a_pool_is_not_kept_for_one_who_asks_no_more(world: World) -> None:
    names = [task(name, pool="p") for name in ("a", "b")]
    world.start(plan(*names, task("g", pool="p", labels=GPU), pools=(Pool("p", 1),)))
    assert claimed(world) == ["a"]
    assert lent(world, ask(world, "g", GPU)) == []
    tick = world.tick(world.end("a"), labels=())
    assert tick.claims == []
    assert tick.again is not None
    world.now += 2.0
    assert claimed(world) == ["b"]


def test_what_becomes_ready_goes_at_once_to_one_that_still_has_room(world: World) -> None:
    """Each step of a row of tasks had waited until the other one asked again."""
    chain = [task("a", labels=GPU), task("b", "a", labels=BOTH), task("c", "a", labels=GPU), task("d", "a", labels=GPU)]
    world.start(plan(*chain, task("e", "a"), task("f", "a", labels=("x",))))
    assert lent(world, ask(world, "a", GPU)) == ["a"]
    spare = [Room("run-1", "w3", 5), Room("run-1", "w2", 1, GPU), Room("run-1", "w4", 1, BOTH)]
    tick = world.tick(world.end("a", worker="w2"), want=1, labels=(), spare=spare)
    assert [world.key(claim) for claim in tick.claims] == ["e"]
    assert sorted((one.worker, world.key(one.claim)) for one in tick.lent) == [("w2", "c"), ("w4", "b")]
    assert sorted(hint.task.seq for hint in tick.ready) == [3, 5]


def test_a_run_that_waits_behind_others_is_lent_once_it_may_begin(world: World) -> None:
    for run in ("run-1", "run-2"):
        world.start(plan(task("a", labels=GPU), concurrency=1), run)
    first, second = (Ask(Hint(0.0, 0.0, TaskRef(run, 0)), "w2", GPU) for run in ("run-1", "run-2"))
    tick = world.tick(want=0, asks=[first, second], labels=())
    assert [one.claim.task.run for one in tick.lent] == ["run-1"]
    world.tick(world.end("a", worker="w2"), want=0, labels=())
    world.finish()
    tick = world.tick(want=0, asks=[second], labels=())
    assert [one.claim.task.run for one in tick.lent] == ["run-2"]


def test_another_attempt_waits_for_the_labels_again(world: World) -> None:
    world.start(plan(task("a", labels=GPU, retry=Retry(1, 10.0))))
    assert lent(world, ask(world, "a", GPU)) == ["a"]
    tick = world.tick(world.end("a", broken(), worker="w2"), labels=())
    assert [(hint.due, hint.labels) for hint in tick.ready] == [(world.now + 10.0, GPU)]
    assert lent(world, ask(world, "a", GPU)) == []
    world.now += 10.0
    assert claimed(world) == []
    assert lent(world, ask(world, "a", GPU)) == ["a"]


def test_who_takes_the_run_over_hears_of_the_labels(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    world.start(plan(task("a", labels=GPU), task("b")))
    dead.add("w1")
    adopted = open_store().adopt("w9", "run-1", world.now)
    assert adopted is not None
    assert {hint.task.seq: hint.labels for hint in adopted.ready} == {0: GPU, 1: ()}


def test_who_says_that_it_has_room_names_its_labels(world: World) -> None:
    world.start(plan(task("a")))
    rooms = [Room("run-1", "w2", 5, BOTH), Room("run-1", "w3", 1)]
    world.store.leave([room_message(room) for room in rooms])
    assert world.store.mail("w1") == Mail(rooms, [], [])
