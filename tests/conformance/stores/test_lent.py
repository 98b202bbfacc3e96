"""Claims for workers that do not own the run: they only run the body, and the owner writes."""

from collections.abc import Callable

import pytest
from flow_engine import states
from flow_engine.model import (
    Ask,
    CacheEntry,
    Cancelled,
    Claim,
    Completion,
    Expanded,
    Failed,
    Lost,
    Outcome,
    Released,
    Skipped,
    Succeeded,
    TaskRef,
)
from flow_engine.stores.contract import Loans, Store
from flow_engine.stores.mail import Mail
from flow_lang.plan import Pool, Retry
from support.plans import each, plan, task, value_task
from support.world import OK, World, broken


def ask(world: World, key: str, worker: str = "w2", run: str = "run-1", attempt: int | None = None) -> Ask:
    row = world.row(key, run)
    return Ask(TaskRef(run, row.seq), row.attempt if attempt is None else attempt, worker)


def test_it_is_claimed_for_who_asks(world: World) -> None:
    world.start(plan(task("a"), task("b", "a")))
    tick = world.tick(want=0, asks=[ask(world, "a")])
    assert tick.claims == []
    ((worker, claim),) = tick.lent
    assert (worker, claim.task.seq, claim.attempt) == ("w2", 0, 1)
    row = world.row("a")
    assert (row.state, row.worker, row.claimed_at, row.attempt) == ("claimed", "w2", world.now, 1)


def test_only_who_has_it_ends_it(world: World) -> None:
    world.start(plan(value_task("a"), value_task("b", "a")))
    world.tick(want=0, asks=[ask(world, "a")])
    claim = world.claims["a"]
    assert world.tick(world.end("a"), want=0).refused == [claim.task]
    world.claims["a"] = claim
    assert world.tick(world.end("a", worker="w3"), want=0).refused == [claim.task]
    world.claims["a"] = claim
    assert world.tick(world.end("a", worker="w2"), want=0).refused == []
    assert world.states() == {"a": "succeeded", "b": "ready"}
    assert [(one.attempt, one.worker, one.state) for one in world.store.attempts("run-1", 0)] == [
        (1, "w2", "succeeded")
    ]


def test_one_who_asks_for_what_is_gone_gets_nothing(world: World) -> None:
    world.start(plan(task("a", retry=Retry(1)), task("b", "a")))
    stale = ask(world, "a")
    world.tick(want=0, asks=[stale])
    asked = [
        stale,
        ask(world, "a", "w3"),
        ask(world, "b", "w3"),
        Ask(TaskRef("run-1", 99), 0, "w3"),
        Ask(TaskRef("no", 0), 0, "w3"),
    ]
    assert world.tick(want=0, asks=asked).lent == []
    world.tick(world.end("a", broken(), worker="w2"), want=0)
    assert world.row("a").attempt == 1
    assert world.tick(want=0, asks=[stale]).lent == []  # that was before its first attempt
    assert world.row("a").worker is None


def test_many_at_once_for_several_workers(world: World) -> None:
    world.start(plan(*[task(f"t{number:02}") for number in range(40)]))
    asks = [ask(world, f"t{number:02}", f"w{2 + number % 3}") for number in range(30)]
    tick = world.tick(want=35, asks=asks)
    assert len(tick.lent) == 30
    assert len(tick.claims) == 5
    found = [world.row(f"t{number:02}").worker for number in range(40)]
    assert found[:30] == [f"w{2 + number % 3}" for number in range(30)]
    assert sorted(found[30:], key=str) == [None] * 5 + ["w1"] * 5
    ends = [world.end(key, worker=world.row(key).worker) for key in list(world.claims)]
    assert world.tick(*ends, want=0).refused == []
    assert sorted(world.states().values()) == ["ready"] * 5 + ["succeeded"] * 35


def test_a_pool_counts_them(world: World) -> None:
    made = plan(task("a", pool="p"), task("b", pool="p"), task("c", pool="p"), pools=(Pool("p", 2),))
    world.start(made)
    tick = world.tick(want=0, asks=[ask(world, "a"), ask(world, "b", "w3"), ask(world, "c", "w4")])
    assert [lent.worker for lent in tick.lent] == ["w2", "w3"]
    assert world.tick(want=1).claims == []
    world.tick(world.end("b", worker="w3"), want=1)
    assert world.states() == {"a": "claimed", "b": "succeeded", "c": "claimed"}
    assert world.row("c").worker == "w1"


def test_a_list_is_its_owners_and_its_instances_are_not(world: World) -> None:
    world.start(plan(value_task("a"), each("b", "a")))
    world.tick()
    world.tick(world.end("a"), want=0)
    assert world.tick(want=0, asks=[ask(world, "b")]).lent == []
    world.tick(want=1)
    world.tick(world.end("b", Expanded(3, ['"x"'] * 3)), want=0)
    tick = world.tick(want=0, asks=[ask(world, "b[1]"), ask(world, "b[2]", "w3")])
    assert [(lent.worker, lent.claim.place) for lent in tick.lent] == [("w2", 1), ("w3", 2)]
    world.tick(world.end("b[1]", Succeeded('"one"'), worker="w2"))
    assert world.row("b[1]").result == '"one"'


def test_who_takes_the_run_over_hears_what_is_lent_and_takes_its_end(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    world.start(plan(task("a"), task("b"), task("c", "a", "b")))
    world.tick(want=2, asks=[ask(world, "b")])
    dead.add("w1")
    heir = World(open_store(), "w9")
    heir.plans = world.plans
    adopted = heir.store.adopt("w9", "run-1", heir.now)
    assert adopted is not None
    flights = sorted((flight.task.seq, flight.attempt, flight.worker) for flight in adopted.in_flight)
    assert flights == [(0, 1, "w1"), (1, 1, "w2")]
    done = Completion(TaskRef("run-1", 1), 1, "w2", OK, heir.now, heir.now)
    assert heir.tick(done, want=0).refused == []
    assert heir.row("b").state == states.SUCCEEDED


def test_what_is_left_for_the_owner_stays_until_it_is_reported(world: World) -> None:
    world.start(plan(task("a"), task("b", "a")))
    asked = [ask(world, "a"), ask(world, "a", "w3")]
    world.store.leave(asked, [])
    world.store.leave(asked[:1], [])
    assert world.store.mail("w1") == Mail(asked, [])
    assert world.store.mail("w2") == Mail([], [])
    assert world.store.lent(asked) == Loans([], asked)
    world.tick(want=0, asks=asked)
    assert world.store.mail("w1") == Mail([], [])
    assert world.store.lent(asked) == Loans([Claim(TaskRef("run-1", 0), 1, 0, None, False)], [])
    done = Completion(TaskRef("run-1", 0), 1, "w2", Succeeded("1"), 2.0, 3.0, "a.log")
    world.store.leave([], [done])
    world.store.leave([], [done])
    assert world.store.mail("w1") == Mail([], [done])
    assert world.tick(*world.store.mail("w1").answers, want=0).refused == []
    assert world.store.mail("w1") == Mail([], [])
    assert world.store.lent(asked) == Loans([], [])
    assert (world.row("a").state, world.row("a").result, world.row("a").log) == ("succeeded", "1", "a.log")


@pytest.mark.parametrize(
    "outcome",
    [
        Succeeded('"x"', CacheEntry("d", "a", "a", "[]", 5.0)),
        Succeeded(None),
        Failed("exit_1", '{"code": "exit_1"}', False, 2.5),
        Skipped("no"),
        Cancelled("asked"),
        Lost("gone"),
        Released(),
    ],
)
def test_each_end_of_a_body_can_be_left(world: World, outcome: Outcome) -> None:
    world.start(plan(task("a")))
    done = Completion(TaskRef("run-1", 0), 1, "w2", outcome)
    world.store.leave([], [done])
    assert world.store.mail("w1").answers == [done]


def test_letters_for_a_run_that_was_taken_over_are_its_new_owners(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    world.start(plan(task("a"), task("b")))
    asked = ask(world, "a")
    world.store.leave([asked], [])
    mail = world.store.mail("w1")
    dead.add("w1")
    heir = open_store()
    assert heir.adopt("w9", "run-1", world.now) is not None
    world.tick(want=0, asks=mail.asks)  # which comes too late
    assert heir.mail("w9") == mail


def test_nobody_reads_what_is_left_for_a_run_that_has_ended(world: World) -> None:
    world.start(plan(task("a")))
    asked = ask(world, "a")
    world.run_all()
    world.finish()
    world.store.leave([asked], [Completion(asked.task, 1, "w2", OK)])
    assert world.store.mail("w1") == Mail([], [])
    assert world.store.lent([asked]) == Loans([], [])


def test_what_an_owner_decides_cannot_be_left(world: World) -> None:
    world.start(plan(task("a")))
    with pytest.raises(ValueError, match="owner"):
        world.store.leave([], [Completion(TaskRef("run-1", 0), 1, "w2", Expanded(1, ["1"]))])
