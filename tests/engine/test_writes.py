"""What a tick writes is counted: rows that are not there any more belong to somebody else."""

from contextlib import closing

import pytest
from flow_engine.errors import LostOwnership
from flow_engine.stores.sqlite import SqliteStore
from support.plans import plan, task
from support.world import World


@pytest.mark.parametrize("query", ["DELETE FROM task", "DELETE FROM task WHERE seq = 1"])
def test_rows_that_are_gone_are_told_with_their_run(query: str) -> None:
    with closing(SqliteStore(":memory:")) as store:
        world = World(store)
        world.start(plan(task("a"), task("b")), "a-run")
        store._connection.execute(query)
        with pytest.raises(LostOwnership, match="run a-run: its tasks were changed by another worker"):
            world.tick()


def test_rows_that_became_ready_too() -> None:
    with closing(SqliteStore(":memory:")) as store:
        world = World(store)
        world.start(plan(task("a"), task("b", "a"), task("c", "b")), "a-run")
        world.tick()
        store._connection.execute("DELETE FROM task WHERE seq = 1")
        with pytest.raises(LostOwnership, match="run a-run: "):
            world.tick(world.end("a"), want=0)
