"""Old runs are removed, whole trees at once, and nothing goes that something else still needs."""

from collections.abc import Callable, Iterator
from typing import Protocol, cast

import pytest
from conformance.conftest import BACKENDS, Backend
from flow_engine.deployments import Deployment
from flow_engine.model import Room, Succeeded, TaskRef
from flow_engine.stores.contract import RunFilter, Store
from flow_engine.stores.mail import room_message
from flow_engine.stores.reads import Reads
from flow_engine.stores.removal import Removal, Tree
from flow_lang.bundle import bundle_of
from support.letters import failed_runs
from support.plans import digest, plan, task
from support.world import World

PLAN = plan(task("a"), task("b", "a"))
MARKS = ("/files/", "/scratch/engine-")


class Removing(Store, Protocol):
    @property
    def removal(self) -> Removal: ...


@pytest.fixture(params=[one for one in BACKENDS if one.removes], ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


@pytest.fixture
def store(open_store: Callable[[], Removing]) -> Iterator[Removing]:
    return open_store()  # type: ignore[return-value]


def ended(store: Store, run: str, at: float, result: str = '"x"', parent: TaskRef | None = None) -> None:
    world = World(store, now=at)
    world.submit(PLAN, run, parent=parent, owner=world.worker)
    adopted = store.adopt(world.worker, run, at)
    world.hints += adopted.ready if adopted is not None else []
    world.run_all(a=Succeeded(result))
    world.finish(run, result)


def old(store: Removing, before: float = 5000.0, keep: int = 0) -> list[Tree]:
    return [tree for page in store.removal.old(before, keep) for tree in page]


def runs(store: Store) -> list[str]:
    return sorted(record.id for record in store.runs(RunFilter()))


def test_old_runs_go_and_the_newest_of_all_stays(store: Removing) -> None:
    for number in range(4):
        ended(store, f"run-{number}", 1000.0 + number)
    assert [tree.ids for tree in old(store, before=1002.0)] == [("run-0",), ("run-1",)]
    assert [tree.ids for tree in old(store, keep=2)] == [("run-0",), ("run-1",)]
    assert [tree.ids for tree in old(store)] == [("run-0",), ("run-1",), ("run-2",)]
    assert len(store.removal.remove(old(store))) == 3
    assert runs(store) == ["run-3"]
    assert store.removal.known(["run-0", "run-3"]) == {"run-3"}
    assert store.removal.remove([]) == []
    ended(store, "run-4", 1010.0)
    assert len(store.tasks("run-4")) == 2


def test_nothing_of_a_run_that_went_is_left_in_any_table(store: Removing) -> None:
    """Mail between workers was forgotten."""
    failed_runs(store, 2)
    store.leave([room_message(Room("run-0", "borrower", 3))])
    assert [tree.ids for tree in store.removal.remove(old(store))] == [("run-0",)]
    rows = cast("Reads", store)._rows
    assert rows("SELECT count(*) FROM mail", ()) == [(0,)]
    for table in ("task", "attempt", "event", "signal"):
        assert rows(f"SELECT count(*) FROM {table} WHERE run NOT IN (SELECT no FROM run)", ()) == [(0,)], table
    assert rows("SELECT DISTINCT run FROM dead_letter", ()) == [("run-1",)]


def test_a_run_goes_with_its_child_runs_once_all_have_ended(store: Removing) -> None:
    ended(store, "run-0", 1000.0)
    ended(store, "run-1", 1001.0, parent=TaskRef("run-0", 0))
    World(store, now=1002.0).submit(PLAN, "run-2", parent=TaskRef("run-1", 0))
    ended(store, "run-9", 1003.0)
    assert old(store) == []
    world = World(store, now=1004.0)
    adopted = store.adopt(world.worker, "run-2", world.now)
    assert adopted is not None
    world.plans["run-2"], world.hints = PLAN, adopted.ready
    world.run_all()
    world.finish("run-2")
    (tree,) = old(store)
    assert (tree.ids, tree.ended) == (("run-0", "run-1", "run-2"), 1004.0)
    assert store.removal.remove([tree]) == [tree]
    assert runs(store) == ["run-9"]


def test_a_run_that_was_tried_again_meanwhile_stays(store: Removing) -> None:
    failed_runs(store, 3)
    first, second = old(store)
    assert store.reopen("run-0", 1500.0) == 1
    assert store.removal.remove([first, second]) == [second]
    assert runs(store) == ["run-0", "run-2"]


def test_a_run_whose_letter_a_relay_has_begun_to_deliver_stays_until_it_is_delivered(store: Removing) -> None:
    failed_runs(store, 4)
    tried, done, *_ = store.letters.claim("relay", 2, 2000.0, 2100.0)
    assert store.letters.exported("relay", [done.number], 2001.0) == 1
    gone = [tree.ids for tree in store.removal.remove(old(store))]
    assert gone == [("run-1",), ("run-2",)]  # run-3 is the newest, and never removed
    assert store.letters.put_off("relay", tried.number, "down", 2002.0)
    assert store.removal.remove(old(store)) == []
    (again,) = [letter for letter in store.letters.claim("relay", 9, 3000.0, 3100.0) if letter.run == "run-0"]
    assert store.letters.exported("relay", [again.number], 3001.0) == 1
    assert [tree.ids for tree in store.removal.remove(old(store))] == [("run-0",)]


def test_large_runs_are_removed_one_by_one(store: Removing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flow_engine.stores.removal.TASKS", 4)
    for number in range(6):
        ended(store, f"run-{number}", 1000.0 + number)
    assert [len(part) for part in store.removal.portions(old(store))] == [2, 2, 1]


def test_a_plan_stays_while_a_run_or_a_workflow_has_it(store: Removing) -> None:
    ended(store, "run-0", 1000.0)
    other = plan(task("other"))
    world = World(store, now=1001.0)
    world.start(other, "run-1")
    bundle = bundle_of(PLAN)
    store.deploy(Deployment("w", digest(PLAN), bundle, "/tmp", "{}", 1002.0))
    numbers = {number for tree in old(store) for number in tree.numbers}
    assert store.removal.unused_plans(frozenset(numbers)) == []
    store.remove_schedule("w")
    assert store.removal.unused_plans(frozenset(numbers)) == []  # it is deployed still
    store.remove_workflow("w")
    assert store.removal.unused_plans(frozenset(numbers)) == [digest(PLAN)]
    assert store.removal.remove_plans([digest(PLAN)]) == 0  # of the run that is still there
    store.removal.remove(old(store))
    assert store.removal.unused_plans() == [digest(PLAN)]
    assert store.removal.remove_plans([digest(PLAN), digest(other)]) == 1
    world.submit(PLAN, "run-2")
    assert store.bundle(digest(PLAN)) == bundle


def test_the_snapshot_has_every_text_that_names_a_file_and_the_first_claim(store: Removing) -> None:
    removal = store.removal
    ended(store, "run-0", 1000.0, '"/home/files/ab/cd/x.txt"')
    ended(store, "run-1", 1001.0, '["/home/scratch/engine-1/y \\"q\\".txt", "/home/files/ab/ef/é.txt"]')
    found = removal.snapshot(MARKS)
    assert found.first_claim is None
    texts = "\n".join(found.texts)
    for part in ("/files/ab/cd/x.txt", "/files/ab/ef/é.txt", "/scratch/engine-1/y "):
        assert part in texts
    numbers = frozenset(number for tree in old(store) for number in tree.numbers)
    texts = "\n".join(removal.snapshot(MARKS, numbers).texts)
    assert "/files/ab/cd/" not in texts
    assert "/files/ab/ef/" in texts
    world = World(store, now=1500.0)
    world.start(PLAN, "run-2")
    world.tick()
    found = removal.snapshot(MARKS)
    assert found.first_claim == 1500.0
    assert sum("/files/ab/ef/" in text for text in found.texts) >= 1


def test_room_is_given_back_while_the_state_is_used(store: Removing) -> None:
    for number in range(3):
        ended(store, f"run-{number}", 1000.0 + number, f'"{"x" * 50_000}"')
    store.removal.remove(old(store))
    assert store.removal.free_bytes() >= 0
    store.removal.shrink()
    assert store.removal.free_bytes() >= 0
    assert runs(store) == ["run-2"]
    assert store.removal.remove_expired(9e9) == 0


def test_folders_of_runs_and_schedules_but_not_those_of_one_run(store: Removing) -> None:
    world = World(store, now=1000.0)
    folders = {"run-0": "/state/submitted/run-0", "run-1": "/state/submitted/abc/flows", "run-2": "/home"}
    for run, folder in folders.items():
        world.submit(PLAN, run, folder=folder)
    assert store.removal.folders() == {"/state/submitted/abc/flows", "/home"}
    store.deploy(Deployment("w", digest(PLAN), bundle_of(PLAN), "/state/submitted/def", "{}", world.now))
    assert store.removal.folders() == {"/state/submitted/abc/flows", "/home", "/state/submitted/def"}
