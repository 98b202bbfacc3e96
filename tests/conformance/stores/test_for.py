"""`for`: expansion, element edges, ordered gather, and what failures and skips of instances mean."""

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from flow_engine import states
from flow_engine.model import Completion, Expanded, Failed, Lost, Skipped, Succeeded
from flow_engine.stores.contract import Store
from flow_lang.plan import Need
from support.plans import each, plan, value_task
from support.world import OK, World, broken


def expanded(world: World, size: int) -> None:
    """`a` has ended and `b for x in a` has its list."""
    world.tick()
    world.tick(world.end("a"))
    items = [f'"{number}"' for number in range(size)]
    world.tick(world.end("b", Expanded(size, items)))


FAN = plan(value_task("a"), each("b", "a"), value_task("c", "b"))
PIPE = plan(value_task("a"), each("b", "a"), each("c", "b", aligned=True), value_task("d", "c"))


def test_the_list_is_claimed_like_a_task_and_becomes_instances(world: World) -> None:
    world.start(FAN)
    world.tick()
    assert [claim.expands for claim in world.tick(world.end("a")).claims] == [True]
    tick = world.tick(world.end("b", Expanded(3, ['"x"', '"y"', '"z"'])))
    assert [world.key(claim) for claim in tick.claims] == ["b[0]", "b[1]", "b[2]"]
    assert world.row("b").state == states.EXPANDING
    assert world.row("b").size == 3
    rows = [claim.task.seq for claim in tick.claims]
    assert world.store.items("run-1", rows) == ['"x"', '"y"', '"z"']


def test_a_gather_keeps_the_order_of_the_list_and_not_of_the_ends(world: World) -> None:
    world.start(FAN)
    expanded(world, 3)
    for place in (2, 0, 1):
        world.tick(world.end(f"b[{place}]", Succeeded(f'"{place}"')))
    assert world.store.gather("run-1", 1) == ['"0"', '"1"', '"2"']
    assert world.states()["c"] == states.CLAIMED


def test_an_empty_list_is_a_finished_task(world: World) -> None:
    world.start(FAN)
    expanded(world, 0)
    assert world.states() == {"a": "succeeded", "b": "succeeded", "c": "claimed"}
    assert world.store.gather("run-1", 1) == []


def test_an_empty_list_flows_through_an_aligned_for(world: World) -> None:
    world.start(PIPE)
    expanded(world, 0)
    world.tick(world.end("c", Expanded(0, None)))
    assert world.states() == {"a": "succeeded", "b": "succeeded", "c": "succeeded", "d": "claimed"}


def test_an_element_flows_on_without_a_barrier(world: World) -> None:
    world.start(PIPE)
    expanded(world, 2)
    world.tick(world.end("c", Expanded(2, None)))
    tick = world.tick(world.end("b[1]"))
    assert [world.key(claim) for claim in tick.claims] == ["c[1]"]
    assert world.states()["c[0]"] == states.BLOCKED


def test_an_aligned_for_may_get_its_list_after_its_elements_have_ended(world: World) -> None:
    world.start(PIPE)
    expanded(world, 2)
    world.tick(world.end("b[0]"))
    world.tick(world.end("b[1]", broken()))
    world.tick(world.end("c", Expanded(2, None)))
    assert world.states() | {"d": ""} == {
        "a": "succeeded",
        "b": "failed",
        "b[0]": "succeeded",
        "b[1]": "failed",
        "c": "expanding",
        "c[0]": "claimed",
        "c[1]": "upstream_failed",
        "d": "",
    }


def test_one_failing_instance_fails_the_gather_and_not_its_siblings(world: World) -> None:
    world.start(FAN)
    expanded(world, 3)
    world.tick(world.end("b[1]", broken()))
    world.tick(world.end("b[0]"), world.end("b[2]"))
    assert world.states() == {
        "a": "succeeded",
        "b": "failed",
        "b[0]": "succeeded",
        "b[1]": "failed",
        "b[2]": "succeeded",
        "c": "upstream_failed",
    }
    assert world.finishing == ["run-1"]


def test_a_dropped_instance_is_left_out_and_places_are_not_renumbered(world: World) -> None:
    world.start(PIPE)
    expanded(world, 3)
    world.tick(world.end("c", Expanded(3, None)))
    world.tick(world.end("b[1]", Skipped("no")))
    world.tick(world.end("b[0]", Succeeded('"0"')), world.end("b[2]", Succeeded('"2"')))
    assert world.states()["c[1]"] == states.SKIPPED
    assert world.store.gather("run-1", 1) == ['"0"', '"2"']
    world.tick(world.end("c[0]"), world.end("c[2]"))
    assert world.states()["d"] == states.CLAIMED


def test_a_retried_instance_runs_again_alone(world: World) -> None:
    from flow_lang.plan import Retry

    world.start(plan(value_task("a"), each("b", "a", retry=Retry(1))))
    expanded(world, 2)
    tick = world.tick(world.end("b[1]", broken()))
    assert [(world.key(claim), claim.attempt) for claim in tick.claims] == [("b[1]", 2)]


@pytest.mark.parametrize("size", [1, 1500])
def test_an_expansion_survives_its_worker(
    world: World, open_store: Callable[[], Store], dead: set[str], size: int
) -> None:
    world.start(PIPE)
    expanded(world, size)
    world.tick(world.end("c", Expanded(size, None)))
    world.tick(world.end("b[0]"))
    dead.add("w1")
    heir = World(open_store(), "w2")
    heir.plans = world.plans
    adopted = heir.store.adopt("w2", "run-1", heir.now)
    assert adopted is not None
    heir.hints += adopted.ready
    lost = [Completion(flight.task, flight.attempt, flight.worker, Lost("died")) for flight in adopted.in_flight]
    heir.tick(*lost, want=10 * size)
    while heir.claims or heir.hints:
        heir.tick(*[heir.end(key, OK) for key in list(heir.claims)], want=10 * size)
    assert set(heir.states().values()) == {states.SUCCEEDED}
    assert heir.row("b[0]").attempt == 1
    assert heir.finishing == ["run-1"]


def test_an_aligned_for_over_one_that_got_no_list_is_skipped_even_where_elements_may_be_absent(world: World) -> None:
    """Simulator, seed 10: it got a list of -1 elements and never ended."""
    made = plan(
        value_task("a"),
        each("b", "a", optional=True),
        each("c", "b", aligned=True)._replace(needs=(Need("b", "element", skip_ok=True),)),
    )
    world.start(made)
    world.tick()
    world.tick(world.end("a"))
    world.tick(world.end("b", Failed("expression", "{}", retryable=False)))
    assert world.states() == {"a": "succeeded", "b": "failed", "c": "skipped"}
    assert world.finishing == ["run-1"]


def test_a_for_keeps_the_time_of_its_start_when_it_ends(world: World) -> None:
    world.start(FAN)
    expanded(world, 1)
    started = world.row("b").started_at
    world.now += 5
    world.tick(world.end("b[0]"))
    assert (started, world.row("b").state, world.row("b").started_at) == (1000.0, states.SUCCEEDED, 1000.0)


def test_rows_are_counted_by_node_and_state(world: World) -> None:
    world.start(plan(value_task("a"), each("b", "a"), value_task("c", "b")))
    world.tick()
    world.tick(world.end("a"))
    world.tick(world.end("b", Expanded(3, ['"x"'] * 3)), want=2)
    world.tick(world.end("b[0]"))
    rows = world.store.tasks("run-1")
    expected = {
        (node, whole): Counter(row.state for row in rows if (row.node, row.place is None) == (node, whole))
        for node, whole in {(row.node, row.place is None) for row in rows}
    }
    assert len(expected) == 4
    found: dict[tuple[int, bool], Counter[str]] = defaultdict(Counter)
    for tally in world.store.tallies("run-1"):
        found[tally.node, tally.is_whole][tally.state] += tally.rows
        assert tally.size == (3 if tally.is_whole and tally.node == 1 else None)
    assert found == expected
