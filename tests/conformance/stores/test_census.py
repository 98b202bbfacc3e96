"""Counts over a whole state, and what gates hold back, as metrics show them."""

from flow_engine import states
from flow_lang.plan import Pool
from support.plans import plan, task
from support.world import World, broken


def test_a_census_counts_runs_tasks_ready_ones_by_pool_and_open_letters(world: World) -> None:
    narrow = plan(task("a")._replace(pool="narrow"), task("b")._replace(pool="narrow"), task("c"))
    workflow = narrow.workflow._replace(pools=(Pool("narrow", 1),))
    narrow = narrow._replace(workflows={**narrow.workflows, narrow.entry: workflow})
    world.start(narrow)
    world.submit(plan(task("z")), "run-2")
    before = world.store.census()
    assert (before.ready, before.tasks[states.READY]) == ({f"{workflow.name}/narrow": 2, "": 2}, 4)
    assert (before.runs[states.QUEUED], before.oldest_queued, before.open_letters) == (2, world.now, 0)
    assert world.store.held() == []
    world.tick()
    assert [(pool, hint.task.seq) for pool, hint in world.store.held()] == [(f"{workflow.name}/narrow", 1)]
    world.tick(world.end("c", broken()))
    after = world.store.census()
    assert after.open_letters == 1
    assert after.ready.get("", 0) == 1
    world.store.letters.drop("run-1:2:1", world.now)
    assert world.store.census().open_letters == 0
