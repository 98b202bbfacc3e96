"""Dead letters as an outbox: kept with the failure, delivered at least once, held by one relay at a time."""

import json

from flow_engine.model import Lost
from flow_lang.plan import Retry
from support.plans import plan, task
from support.world import World, broken


def fail(world: World, run: str = "run-1", topic: str = "") -> None:
    """A run of one task that fails."""
    made = plan(task("a")._replace(dead_letter=topic))
    world.start(made, run)
    world.tick()
    world.tick(world.end("a", broken()))


def test_a_task_that_failed_for_good_leaves_a_letter(world: World) -> None:
    fail(world, topic="orders.failed")
    (letter,) = world.store.letters.claim("relay", 10, 2000.0, 2100.0)
    assert (letter.topic, letter.run, letter.task, letter.seq, letter.attempt) == ("orders.failed", "run-1", "a", 0, 1)
    assert (letter.id, letter.key, letter.tries) == ("run-1:0:1", "a", 1)
    assert letter.namespace == "default"
    assert json.loads(letter.error)["code"] == "exit_1"
    assert letter.created_at == world.now
    assert letter.workflow == world.store.run("run-1").workflow
    assert letter.plan_hash == world.store.run("run-1").plan_hash


def test_a_failure_that_is_tried_again_leaves_none_until_it_is_the_last(world: World) -> None:
    world.start(plan(task("a", retry=Retry(1, 0.0, 1.0, 0.0))))
    world.tick()
    world.tick(world.end("a", broken()))
    assert world.store.letters.backlog() == (0, None)
    world.tick(world.end("a", broken()))
    assert world.store.letters.backlog() == (1, world.now)
    (letter,) = world.store.letters.claim("relay", 10, 2000.0, 2100.0)
    assert letter.attempt == 2


def test_a_worker_that_is_lost_for_the_last_time_leaves_a_letter(world: World) -> None:
    world.start(plan(task("a")._replace(at_most_once=True)))
    world.tick()
    world.tick(world.end("a", Lost("gone")))
    (letter,) = world.store.letters.claim("relay", 10, 2000.0, 2100.0)
    assert json.loads(letter.error)["code"] == "worker_lost"
    assert letter.topic == "flow.dead_letters"


def test_what_one_relay_holds_another_does_not_get_until_its_time_is_over(world: World) -> None:
    fail(world)
    letters = world.store.letters
    assert len(letters.claim("one", 10, 2000.0, 2100.0)) == 1
    assert letters.claim("two", 10, 2099.0, 2199.0) == []
    (again,) = letters.claim("two", 10, 2100.0, 2200.0)
    assert again.tries == 2
    assert letters.exported("one", [again.number], 2101.0) == 0
    assert letters.put_off("one", again.number, "late", 9999.0) is False
    assert letters.exported("two", [again.number], 2102.0) == 1
    assert letters.claim("two", 10, 9999.0, 10_000.0) == []
    assert letters.backlog().letters == 0


def test_what_was_put_off_comes_again_and_holds_up_nobody(world: World) -> None:
    for number in range(3):
        fail(world, f"run-{number}")
    letters = world.store.letters
    first, *rest = letters.claim("relay", 10, 2000.0, 2100.0)
    assert letters.exported("relay", [letter.number for letter in rest], 2001.0) == 2
    assert letters.put_off("relay", first.number, "refused", 3000.0)
    assert letters.claim("relay", 10, 2999.0, 3099.0) == []
    (again,) = letters.claim("relay", 10, 3000.0, 3100.0)
    assert (again.id, again.tries) == (first.id, 2)


def test_no_more_letters_are_claimed_than_asked_for_oldest_first(world: World) -> None:
    for number in range(5):
        fail(world, f"run-{number}")
    letters = world.store.letters
    assert [letter.run for letter in letters.claim("one", 2, 2000.0, 2100.0)] == ["run-0", "run-1"]
    assert [letter.run for letter in letters.claim("two", 10, 2000.0, 2100.0)] == ["run-2", "run-3", "run-4"]


def test_a_run_that_is_tried_again_keeps_its_letter_which_says_so(world: World) -> None:
    fail(world)
    world.finish()
    assert world.store.reopen("run-1", 1500.0) == 1
    (letter,) = world.store.letters.claim("relay", 10, 2000.0, 2100.0)
    assert letter.replayed_at == 1500.0
