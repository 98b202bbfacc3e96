"""Runs that fail, for tests of dead letters."""

from collections.abc import Callable

from flow_engine.stores.contract import Store

from support.plans import plan, task
from support.world import World, broken


def failed_runs(store: Store, count: int, topic: Callable[[int], str] = lambda number: "", first: int = 0) -> list[str]:
    """So many runs of one task that has failed for good; the ids of their letters."""
    world = World(store)
    for number in range(first, first + count):
        world.start(plan(task("a")._replace(dead_letter=topic(number))), f"run-{number}")
        world.tick()
        world.tick(world.end("a", broken()))
        world.finish(f"run-{number}")
    return [f"run-{number}:0:1" for number in range(first, first + count)]
