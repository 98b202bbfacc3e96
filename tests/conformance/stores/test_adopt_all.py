"""Several runs are taken over at once, each as if it were alone."""

from collections.abc import Callable

from flow_engine.decisions.books import Report
from flow_engine.model import Awaits, NewRun, Suspended
from flow_engine.stores.contract import Store
from flow_lang.bundle import bundle_of
from support.plans import digest, each, plan, task, value_task
from support.world import World

RUNS = [f"run-{number}" for number in range(1, 6)]


def test_those_that_are_free_are_taken(world: World, open_store: Callable[[], Store], dead: set[str]) -> None:
    """The first has ended, a living worker has the second, a dead one the third; the others are nobody's."""
    world.start(plan(task("a")), "run-1")
    world.run_all()
    world.finish("run-1")
    other = World(open_store(), "w2")
    other.start(plan(task("b")), "run-2")
    dying = World(open_store(), "w3")
    dying.start(plan(task("c")), "run-3")
    dying.tick()
    dead.add("w3")
    world.submit(plan(task("d"), task("e", "d")), "run-4")
    world.submit(plan(value_task("xs"), each("f", "xs")), "run-5")
    world.plans |= dying.plans
    store = world.store
    found = store.adopt_all("w1", [store.run(run) for run in RUNS], world.now)
    assert found.failed == {}
    assert sorted(adopted.record.id for adopted in found.taken) == ["run-3", "run-4", "run-5"]
    assert {adopted.record.id: len(adopted.ready) for adopted in found.taken} == {"run-3": 0, "run-4": 1, "run-5": 1}
    assert [(one.task.run, one.worker) for adopted in found.taken for one in adopted.in_flight] == [("run-3", "w3")]
    assert [store.run(run).owner for run in RUNS] == [None, "w2", "w1", "w1", "w1"]
    world.hints += [hint for adopted in found.taken for hint in adopted.ready]
    assert sorted(world.key(claim) for claim in world.tick().claims) == ["d", "xs"]


def test_a_run_that_another_has_just_taken_is_left_to_it(world: World, open_store: Callable[[], Store]) -> None:
    """It was free when it was read."""
    for run in RUNS:
        world.submit(plan(task("a")), run)
    records = [world.store.run(run) for run in RUNS]
    assert open_store().adopt("w2", "run-3", world.now) is not None
    found = world.store.adopt_all("w1", records, world.now)
    assert sorted(adopted.record.id for adopted in found.taken) == [run for run in RUNS if run != "run-3"]
    assert world.store.run("run-3").owner == "w2"


def test_records_of_several_runs(world: World) -> None:
    for run in RUNS:
        world.submit(plan(task("a")), run)
    found = world.store.records(["run-2", "run-9", "run-4"])
    assert found == {run: world.store.run(run) for run in ("run-2", "run-4")}
    assert world.store.records([]) == {}
    assert world.store.adopt_all("w1", [], world.now).taken == []


def test_child_runs_come_with_their_parents(world: World, open_store: Callable[[], Store], dead: set[str]) -> None:
    """Those that have not ended; not those of a run that stays another's."""
    inner = plan(task("t"), name="inner")
    for number in (1, 2, 3):
        world.start(plan(task(f"call {number}")), f"run-{number}")
        world.tick()
        parent, run = world.claims[f"call {number}"].task, f"child-{number}"
        child = NewRun(run, digest(inner), inner, bundle_of(inner), {}, "/tmp", world.now, owner="w1", parent=parent)
        world.plans[run] = inner
        world.tick(world.end(f"call {number}", Suspended(Awaits("child", run, "inner", None), child)))
    assert world.store.adopt("w1", "child-2", world.now) is not None
    world.store.tick("w1", world.now, Report(cancels=["child-2"]), [], 0)
    world.finish("child-2")
    dead.add("w1")
    heir = open_store()
    found = heir.adopt_all("w2", [heir.run(run) for run in ("run-1", "run-2")], world.now)
    assert sorted(adopted.record.id for adopted in found.taken) == ["run-1", "run-2"]
    assert found.children == [("run-1", "child-1")]
