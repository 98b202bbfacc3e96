"""Claims for workers that do not own the run: they only run the body, and the owner writes."""

from collections.abc import Callable

import pytest
from flow_engine import states
from flow_engine.decisions.books import Report
from flow_engine.model import (
    Ask,
    CacheEntry,
    Cancelled,
    Claim,
    Completion,
    Expanded,
    Failed,
    Hint,
    Lost,
    Outcome,
    Released,
    Room,
    Skipped,
    Started,
    Succeeded,
    TaskRef,
)
from flow_engine.stores.contract import Store
from flow_engine.stores.mail import (
    Loan,
    LoanKey,
    Mail,
    Mailbox,
    answer_message,
    end_message,
    room_message,
    start_message,
)
from flow_lang.plan import Pool, Retry
from support.plans import each, plan, task, value_task
from support.world import OK, World, broken


def ask(world: World, key: str, worker: str = "w2", run: str = "run-1") -> Ask:
    row = world.row(key, run)
    return Ask(hint(run, row.seq, row.attempt), worker)


def hint(run: str, seq: int, attempt: int = 0) -> Hint:
    return Hint(0.0, 0.0, TaskRef(run, seq), False, attempt)


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
        Ask(hint("run-1", 99), "w3"),
        Ask(hint("no", 0), "w3"),
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


def test_who_takes_the_run_over_hears_what_it_had_borrowed_itself(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    world.start(plan(task("a"), task("b", "a")))
    world.tick(want=0, asks=[ask(world, "a")])
    dead.add("w1")
    adopted = open_store().adopt("w2", "run-1", world.now)
    assert adopted is not None
    assert [(flight.task.seq, flight.worker) for flight in adopted.in_flight] == [(0, "w2")]


def test_what_it_had_answered_before_it_took_the_run_over_is_read_once(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    """It had been read for ever: what a worker has answered itself was not deleted."""
    world.start(plan(task("a"), task("b", "a")))
    world.tick(want=0, asks=[ask(world, "a")])
    done = Completion(TaskRef("run-1", 0), 1, "w2", OK, 2.0, 3.0)
    world.store.leave([answer_message(done)])
    dead.add("w1")
    heir = open_store()
    assert heir.adopt("w2", "run-1", world.now) is not None
    assert heir.mail("w2").answers == [done]
    report = Report([done], settled=[(*done.task, done.attempt, done.worker)])
    assert heir.tick("w2", world.now, report, [], 0).refused == []
    assert heir.mail("w2") == Mail([], [], [])
    assert heir.loans("run-1") == set()


def test_what_is_not_lent_is_still_its_owners(world: World) -> None:
    once = task("once", at_most_once=True)
    world.start(plan(value_task("a"), each("b", "a"), once))
    world.tick(want=0, asks=[ask(world, "a")])
    tick = world.tick(world.end("a", worker="w2"), want=0)
    (listed,) = [hint for hint in tick.ready if hint.task.seq == world.row("b").seq]
    tick = world.tick(want=0, asks=[Ask(listed, "w2"), ask(world, "once")])
    assert tick.lent == []
    assert {hint.task for hint in tick.ready} == {listed.task, TaskRef("run-1", world.row("once").seq)}


def test_room_is_told_until_it_is_read(world: World) -> None:
    world.start(plan(task("a"), task("b", "a")))
    rooms = [Room("run-1", "w2", 5), Room("run-1", "w3", 1)]
    world.store.leave([room_message(room) for room in rooms])
    world.store.leave([room_message(rooms[0])])
    assert world.store.mail("w1") == Mail(rooms, [], [])
    assert world.store.mail("w2") == Mail([], [], [])
    assert world.store.mailbox("w2") == Mailbox({"run-1"}, [])
    world.tick(want=0, asks=[ask(world, "a")], rooms=rooms)
    assert world.store.mail("w1") == Mail([], [], [])
    claim = Claim(TaskRef("run-1", 0), 1, 0, None, False)
    assert world.store.mailbox("w2") == Mailbox(set(), [Loan(claim)])
    assert world.store.mailbox("w3") == Mailbox(set(), [])
    assert world.store.loans("run-1") == {LoanKey("run-1", 0, 1, "w2")}


def test_how_a_loan_ended_stays_until_it_is_reported(world: World) -> None:
    world.start(plan(task("a"), task("b", "a")))
    world.tick(want=0, asks=[ask(world, "a")])
    started = Started(TaskRef("run-1", 0), 1, "w2", 2.0, "a.log")
    world.store.leave([start_message(started)])
    assert world.store.mail("w1") == Mail([], [], [started])
    world.tick(want=0, started=[started])
    assert world.row("a").state == states.RUNNING
    done = Completion(TaskRef("run-1", 0), 1, "w2", Succeeded("1"), 2.0, 3.0, "a.log")
    for _ in range(2):
        world.store.leave([answer_message(done)])
    assert world.store.mail("w1").answers == [done]
    assert world.store.mailbox("w2") == Mailbox(set(), [])  # it has answered
    assert world.tick(*world.store.mail("w1").answers, want=0).refused == []
    assert world.store.mail("w1") == Mail([], [], [])
    assert world.store.loans("run-1") == set()
    assert (world.row("a").state, world.row("a").result, world.row("a").log) == ("succeeded", "1", "a.log")


def test_an_owner_says_that_a_loan_is_to_be_ended(world: World) -> None:
    world.start(plan(task("a")))
    world.tick(want=0, asks=[ask(world, "a")])
    (key,) = world.store.loans("run-1")
    world.store.leave([end_message(key, "cancelled")])
    assert [loan.end for loan in world.store.mailbox("w2").loans] == ["cancelled"]
    assert world.store.mail("w1") == Mail([], [], [])


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
    world.store.leave([answer_message(done)])
    assert world.store.mail("w1").answers == [done]


def test_mail_for_a_run_that_was_taken_over_is_its_new_owners(
    world: World, open_store: Callable[[], Store], dead: set[str]
) -> None:
    world.start(plan(task("a"), task("b")))
    world.store.leave([room_message(Room("run-1", "w2", 1))])
    mail = world.store.mail("w1")
    dead.add("w1")
    heir = open_store()
    assert heir.living({"w1", "w2"}) == {"w2"}
    assert heir.adopt("w9", "run-1", world.now) is not None
    assert world.tick(want=0, asks=[ask(world, "a")], rooms=mail.rooms).lent == []  # which comes too late
    assert heir.mail("w9") == mail


def test_nobody_reads_what_is_left_for_a_run_that_has_ended(world: World) -> None:
    world.start(plan(task("a")))
    world.run_all()
    world.finish()
    done = Completion(TaskRef("run-1", 0), 1, "w2", OK)
    world.store.leave([room_message(Room("run-1", "w2", 1)), answer_message(done)])
    assert world.store.mail("w1") == Mail([], [], [])
    assert world.store.mailbox("w2") == Mailbox(set(), [])


def test_what_an_owner_decides_cannot_be_left() -> None:
    with pytest.raises(ValueError, match="owner"):
        answer_message(Completion(TaskRef("run-1", 0), 1, "w2", Expanded(1, ["1"])))
