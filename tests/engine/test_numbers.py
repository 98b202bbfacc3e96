"""A process that lives for months sees any number of runs."""

from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.stores import reads
from flow_engine.stores.sqlite import SqliteStore
from support.plans import plan, task
from support.world import World


def test_numbers_of_runs_that_were_seen_once_are_not_kept_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server kept some two hundred bytes of each run that it was ever asked about."""
    monkeypatch.setattr(reads, "NUMBERS", 4)
    with closing(SqliteStore(str(tmp_path / "flow.db"))) as store:
        world = World(store)
        world.start(plan(task("a"), task("b", "a")))
        for number in range(2, 20):
            world.submit(plan(task("c")), f"run-{number}")
        for number in range(2, 20):
            assert [row.state for row in store.tasks(store.run(f"run-{number}").id)] == ["ready"]
            assert len(store._numbers) <= 4
            assert "run-1" in store._numbers
        assert world.run_all() == ["a", "b"]
