"""What `flow why` tells of a task that waits with its whole run."""

import sqlite3
from contextlib import closing
from pathlib import Path

from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.why import why_document
from support.plans import plan, task
from support.world import World


def why(world: World, run: str) -> list[str]:
    lines: list[str] = why_document(world.store, world.store.run(run), "a")["why"]
    return lines


def test_it_names_the_runs_that_one_waits_behind(tmp_path: Path) -> None:
    path = str(tmp_path / "flow.db")
    with closing(SqliteStore(path)) as store:
        world = World(store)
        runs = [world.start(plan(task("a"), concurrency=1), run) for run in ("run-1", "run-2")]
        assert why(world, runs[0]) == ["it could start, and waits for a slot of the worker"]
        world.tick()
        assert why(world, runs[0])[0].startswith("it runs since ")
        behind = "the run waits to begin, since its workflow has `concurrency = 1`"
        assert why(world, runs[1]) == [f"{behind}: behind run-1"]
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE run SET params = '{' WHERE id = 'run-1'")
        told = why(world, runs[1])
        assert told[0] == behind
        assert told[1].startswith("  run run-1 cannot be read")
        assert len(told) == 2


def test_it_names_some_of_many(tmp_path: Path) -> None:
    with closing(SqliteStore(str(tmp_path / "flow.db"))) as store:
        world = World(store)
        for number in range(7):
            world.start(plan(task("a"), concurrency=6), f"run-{number}")
        world.tick()
        (told,) = why(world, "run-6")
        assert told.endswith(": behind run-5, run-4, run-3, run-2, run-1 and others")
