"""Dead letters for people: pages, one of them, dropped, and replayed exactly once each."""

from collections.abc import Callable

import pytest
from flow_engine.dead_letters.contract import DROPPED, OPEN, REPLAYED, LetterFilter, Replay
from flow_engine.errors import Refused, UnknownLetter
from flow_engine.model import Expanded
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan
from support.letters import failed_runs
from support.plans import plan, task
from support.world import World, broken

PAIR = plan(task("a"), task("after_a", "a"), task("b"), task("after_b", "b"), task("both", "a", "b"))


def failed(world: World, made: Plan = PAIR, *bad: str) -> None:
    """A run that has ended with these failures; `a` and `b` where none is named."""
    world.start(made)
    world.run_all(**dict.fromkeys(bad or ("a", "b"), broken()))
    world.finish()


def replay(world: World, *replays: Replay) -> int:
    """How many tasks run again; the worker has taken the run."""
    count = world.store.reopen(replays[0].run, world.now, world.worker, replays)
    adopted = world.store.adopt(world.worker, replays[0].run, world.now)
    world.hints += adopted.ready if adopted is not None else []
    return count


def states(store: Store) -> dict[str, str]:
    return {letter.id: letter.state for letter in store.letters.page(LetterFilter())}


def test_pages_go_from_the_newest_to_the_oldest(world: World) -> None:
    ids = failed_runs(world.store, 5)
    letters = world.store.letters
    first = letters.page(LetterFilter(limit=2))
    rest = letters.page(LetterFilter(before=first[-1].number))
    assert [letter.id for letter in [*first, *rest]] == ids[::-1]
    assert {letter.state for letter in rest} == {OPEN}
    assert letters.page(LetterFilter(workflow="nope")) == []
    assert len(letters.page(LetterFilter(workflow=first[0].workflow))) == 5
    assert letters.page(LetterFilter(since=first[0].created_at + 1)) == []
    assert letters.page(LetterFilter(namespace="other")) == []


def test_a_letter_is_found_by_its_id(world: World) -> None:
    (id_,) = failed_runs(world.store, 1)
    letter = world.store.letters.letter(id_)
    assert (letter.id, letter.key, letter.tries, letter.exported_at) == (id_, "a", 0, None)
    for wrong in ("", "run-0", "run-0:0", "run-0:0:2", "run-0:x:1", "run-9:0:1", "run-0:0:99999999999999999999"):
        with pytest.raises(UnknownLetter, match="flow dlq list"):
            world.store.letters.letter(wrong)


def test_an_exported_letter_stays_for_people(world: World) -> None:
    (id_,) = failed_runs(world.store, 1)
    letters = world.store.letters
    (held,) = letters.claim("relay", 10, 2000.0, 2100.0)
    assert letters.exported("relay", [held.number], 2001.0) == 1
    assert (letters.letter(id_).exported_at, letters.letter(id_).tries) == (2001.0, 1)


def test_a_dropped_letter_stays_and_is_neither_dropped_nor_replayed_again(world: World) -> None:
    (id_,) = failed_runs(world.store, 1)
    letters = world.store.letters
    assert letters.drop(id_, 2000.0)
    assert not letters.drop(id_, 2001.0)
    assert (letters.letter(id_).state, letters.letter(id_).dropped_at) == (DROPPED, 2000.0)
    assert [letter.id for letter in letters.page(LetterFilter(state=DROPPED))] == [id_]
    assert letters.page(LetterFilter(state=OPEN)) == []
    with pytest.raises(Refused, match="was dropped at 1970-01-01T00:33:20"):
        world.store.reopen("run-0", 2002.0, replays=[Replay("run-0", 0, 1)])
    assert world.store.run("run-0").state == "failed"
    assert letters.backlog().letters == 1  # it is exported all the same
    with pytest.raises(UnknownLetter):
        letters.drop("run-0:0:7", 2003.0)


def test_a_replay_runs_that_task_alone_and_what_uses_it(world: World) -> None:
    failed(world)
    assert replay(world, Replay("run-1", 0, 1)) == 2
    assert states(world.store) == {"run-1:0:1": REPLAYED, "run-1:2:1": OPEN}
    assert world.run_all() == ["a", "after_a"]
    world.finish()
    assert world.states() == {
        "a": "succeeded",
        "after_a": "succeeded",
        "b": "failed",
        "after_b": "upstream_failed",
        "both": "upstream_failed",
    }
    assert world.store.run("run-1").state == "failed"
    assert [one.attempt for one in world.store.attempts("run-1", 0)] == [1, 2]
    assert replay(world, Replay("run-1", 2, 1)) == 3
    assert sorted(world.run_all()) == ["after_b", "b", "both"]
    world.finish()
    assert world.store.run("run-1").state == "succeeded"


def test_letters_of_one_run_are_replayed_together(world: World) -> None:
    failed(world)
    assert replay(world, Replay("run-1", 0, 1), Replay("run-1", 2, 1)) == 5
    assert set(states(world.store).values()) == {REPLAYED}
    world.run_all()
    world.finish()
    assert world.store.run("run-1").state == "succeeded"


def test_a_letter_is_replayed_once_and_the_second_hears_of_the_first(world: World) -> None:
    failed(world, PAIR, "a")
    assert replay(world, Replay("run-1", 0, 1)) == 3
    world.run_all(a=broken())
    world.finish()
    with pytest.raises(Refused, match=r"replayed at 1970-01-01T00:16:40.*attempt 2 .*flow status run-1"):
        world.store.reopen("run-1", 2000.0, replays=[Replay("run-1", 0, 1)])
    assert states(world.store) == {"run-1:0:1": REPLAYED, "run-1:0:2": OPEN}
    assert world.store.run("run-1").state == "failed"
    assert replay(world, Replay("run-1", 0, 2)) == 3


def test_a_run_that_goes_on_is_not_reopened(world: World) -> None:
    world.start(PAIR)
    world.tick(want=1)
    world.tick(world.end("a", broken()))
    assert world.store.reopen("run-1", world.now, replays=[Replay("run-1", 0, 1)]) == 0
    assert set(states(world.store).values()) == {OPEN}


def test_an_override_is_kept_with_each_attempt_that_it_held_for(world: World) -> None:
    failed(world, PAIR, "a")
    replay(world, Replay("run-1", 0, 1, {"n": 5, "text": "é"}))
    assert world.store.overrides("run-1") == {0: {"n": 5, "text": "é"}}
    world.run_all(a=broken())
    world.finish()
    replay(world, Replay("run-1", 0, 2, {"n": 6}))
    world.run_all()
    assert world.store.overrides("run-1") == {0: {"n": 6, "text": "é"}}
    kept = [one.override for one in world.store.attempts("run-1", 0)]
    assert kept[0] is None
    assert [text is not None and '"n": ' in text and text.split('"n": ')[1][0] for text in kept[1:]] == ["5", "6"]
    world.finish()
    assert world.store.run("run-1").state == "succeeded"


def test_one_instance_of_a_for_is_replayed(world: World) -> None:
    made = plan(task("items"), task("each", "items", loop=True), task("last", "each"))
    world.start(made)
    world.tick()
    world.tick(world.end("items"))
    world.tick(world.end("each", Expanded(3, ["1", "2", "3"])))
    world.tick(world.end("each[0]"), world.end("each[1]", broken()), world.end("each[2]", broken()))
    world.finish()
    letter = next(found for found in world.store.letters.page(LetterFilter()) if found.key == "each[1]")
    assert replay(world, Replay("run-1", letter.seq, letter.attempt)) == 2  # with what gathers them
    assert world.run_all() == ["each[1]"]
    world.finish()
    assert world.states()["each[2]"] == "failed"
    assert world.states()["last"] == "upstream_failed"
    letter = next(found for found in world.store.letters.page(LetterFilter()) if found.key == "each[2]")
    replay(world, Replay("run-1", letter.seq, letter.attempt))
    assert world.run_all() == ["each[2]", "last"]
    world.finish()
    assert world.store.run("run-1").state == "succeeded"


def test_another_handle_hears_of_the_replay_too(world: World, open_store: Callable[[], Store]) -> None:
    failed(world, PAIR, "a")
    other = open_store()
    assert states(other) == {"run-1:0:1": OPEN}
    assert replay(world, Replay("run-1", 0, 1)) == 3
    with pytest.raises(Refused, match="was replayed at"):
        other.reopen("run-1", 2000.0, replays=[Replay("run-1", 0, 1)])
    assert not other.letters.drop("run-1:0:1", 2000.0)
    assert states(other) == {"run-1:0:1": REPLAYED}
