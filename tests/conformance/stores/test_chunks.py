"""The instances of a long `for` are made some at a time, and a worker that dies between loses none."""

import json

import pytest
from flow_engine import states
from flow_engine.decisions.books import Report
from flow_engine.decisions.rows import Rows
from flow_engine.model import Completion, Expanded, Failed, Outcome, Released
from flow_lang.plan import Task
from support.plans import each, handler, plan, value_task
from support.world import OK, World, broken


@pytest.fixture(autouse=True)
def _three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rows, "CHUNK", 3)


ITEMS = [f'"{letter}"' for letter in "abcdefgh"]


BAD = Failed("exit_1", "{}", retryable=False)


def expanded(world: World, *more: Task, **fields: object) -> None:
    world.start(plan(value_task("source"), each("work", "source"), *more, **fields))
    world.tick()
    world.tick(world.end("source"))
    tick = world.tick(world.end("work", Expanded(8, ITEMS)))
    assert tick.again == world.now, "it goes on at once"


def rows(world: World, name: str = "work") -> dict[int, str]:
    tasks = world.plans["run-1"].workflow.tasks
    found = world.store.tasks("run-1")
    return {row.place: row.state for row in found if tasks[row.node].name == name and row.place is not None}


def end_all(world: World) -> None:
    while world.claims:
        world.tick(*[world.end(key) for key in list(world.claims)])
        if not world.finishing:
            world.tick()


def test_each_transaction_makes_some(world: World) -> None:
    expanded(world)
    assert len(rows(world)) == 3
    assert len(world.claims) == 3
    assert world.tick().again == world.now
    assert len(rows(world)) == 6
    assert world.tick().again is None
    assert len(rows(world)) == 8
    assert world.store.items("run-1", [row.seq for row in world.store.tasks("run-1") if row.place is not None]) == ITEMS
    end_all(world)
    assert world.finishing == ["run-1"]


def test_the_group_does_not_end_before_its_last_instance_is_made(world: World) -> None:
    expanded(world)
    assert world.tick(*[world.end(f"work[{n}]") for n in range(3)]).finishing == []
    assert world.states()["work"] == states.EXPANDING
    end_all(world)
    assert world.finishing == ["run-1"]
    assert set(rows(world).values()) == {states.SUCCEEDED}


def test_another_worker_makes_the_rest(world: World, dead: set[str]) -> None:
    expanded(world)
    world.tick(world.end("work[1]"))
    dead.add("w1")
    heir = World(world.store, "w2", world.now)
    heir.plans = world.plans
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    heir.hints = adopted.ready
    # what the first worker had is lost, as far as the second one knows
    lost = [Completion(task, attempt, worker, Released()) for task, attempt, worker in adopted.in_flight]
    heir.hints += heir.store.tick("w2", heir.now, Report(lost), [], 0).ready
    for _ in range(4):
        heir.tick()
    assert len(rows(heir)) == 8
    seqs = [row.seq for row in heir.store.tasks("run-1") if row.place is not None]
    assert heir.store.items("run-1", seqs) == ITEMS
    end_all(heir)
    assert heir.finishing == ["run-1"]


def test_another_worker_makes_the_rest_of_several_runs(world: World, dead: set[str]) -> None:
    """It takes them over at once, and each has its own list."""
    lists = {run: [f'"{run}.{number}"' for number in range(8)] for run in ("run-1", "run-2")}
    for run in lists:
        world.start(plan(value_task(f"source of {run}"), each(run, f"source of {run}")), run)
    world.tick()
    world.tick(*[world.end(f"source of {run}") for run in lists])
    world.tick(*[world.end(run, Expanded(8, items)) for run, items in lists.items()], want=0)
    dead.add("w1")
    heir = World(world.store, "w2", world.now)
    heir.plans = world.plans
    found = heir.store.adopt_all("w2", [heir.store.run(run) for run in lists], heir.now)
    assert [adopted.restless for adopted in found.taken] == [True, True]
    heir.hints = [hint for adopted in found.taken for hint in adopted.ready]
    for _ in range(4):
        heir.tick()
    for run, items in lists.items():
        seqs = [row.seq for row in heir.store.tasks(run) if row.place is not None]
        assert heir.store.items(run, seqs) == items


def test_what_is_cancelled_has_all_of_its_rows(world: World) -> None:
    expanded(world)
    world.tick(cancels=["run-1"])
    assert sorted(rows(world).values()) == [states.CANCELLED] * 5 + [states.CLAIMED] * 3
    world.tick(*[world.end(f"work[{n}]") for n in range(3)])
    assert world.finishing == ["run-1"]


def test_elements_that_are_no_unicode_outlive_their_worker(world: World, dead: set[str]) -> None:
    """Names of files, say. Who took the run over could not write them, and ended with all that it had in hand."""
    items = [json.dumps(text) for text in ("a", "b\udcff", "c", "d\udcff", "\u00e9", "f", "g\udcff")]
    world.start(plan(value_task("source"), each("work", "source")))
    world.tick()
    world.tick(world.end("source"))
    world.tick(world.end("work", Expanded(len(items), items)))
    dead.add("w1")
    heir = World(world.store, "w2", world.now)
    heir.plans = world.plans
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    for _ in range(3):
        heir.tick()
    kept = heir.store.items("run-1", [row.seq for row in heir.store.tasks("run-1") if row.place is not None])
    assert [json.loads(item or "") for item in kept] == [json.loads(item) for item in items]


def test_one_that_fails_fast_ends_what_is_not_made(world: World) -> None:
    expanded(world, fail_fast=True)
    world.tick(world.end("work[0]", broken()))
    assert list(rows(world).values()).count(states.CANCELLED) == 5
    assert len(rows(world)) == 8
    world.tick(world.end("work[1]"), world.end("work[2]"))
    assert world.finishing == ["run-1"]


def test_instances_that_follow_others_one_by_one(world: World) -> None:
    """Both groups grow at once; one parent fails before its follower is made, another one after."""
    expanded(world, each("after", "work", aligned=True), handler("tidy", "finally"))
    world.tick(world.end("after", Expanded(8, None)))
    for _ in range(40):
        world.tick(*[world.end(key, outcome_of(key)) for key in list(world.claims)])
        if world.finishing:
            break
    assert world.finishing == ["run-1"]
    assert rows(world, "after")[2] == states.UPSTREAM_FAILED
    assert rows(world, "after")[7] == states.UPSTREAM_FAILED
    assert list(rows(world, "after").values()).count(states.SUCCEEDED) == 6


def outcome_of(key: str) -> Outcome:
    return BAD if key in ("work[2]", "work[7]") else OK
