"""A worker or a server sees any number of plans in its life, and keeps a bounded number of them."""

from pathlib import Path

import pytest
from flow_engine.stores import reads
from flow_engine.stores.live import LiveRuns
from support.plans import plan, task
from support.stores import QUICK
from support.world import World


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_plans_are_read_again_where_many_came_between(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PLANS", 3)
    with QUICK[kind](tmp_path) as open_:
        store = open_(lambda worker: True, lambda: 0.5)
        assert isinstance(store, LiveRuns)
        world = World(store)
        for number in range(8):
            world.start(
                plan(task(f"t{number}"), task(f"last{number}", f"t{number}"), name=f"w{number}"), f"run-{number}"
            )
        for key in [world.key(claim) for claim in world.tick().claims]:
            world.tick(world.end(key))
        assert len(store._plans) <= 3
        assert len(store._shapes) <= 3
        for number in range(8):
            record = store.run(f"run-{number}")
            assert store.plan(record.plan_hash).workflow.tasks[0].name == f"t{number}"
