"""A run is looked at before it is taken; what was seen then may be over when it is."""

from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.model import Released
from flow_engine.stores.sqlite import SqliteStore
from flow_lang.plan import Plan
from support.plans import plan, task
from support.world import World


def test_one_that_another_begins_and_gives_back_in_the_middle_is_known_to_have_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counted itself among the others that had begun, of which its workflow allows one, and waited for its own end."""
    path, made = str(tmp_path / "flow.db"), plan(task("a"), concurrency=1)
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path)) as others:
        world, other = World(store, "w1"), World(others, "w2")
        world.submit(made)
        other.plans = world.plans
        look = store.plan

        def looked(plan_hash: str, workflow: str | None = None) -> Plan:
            monkeypatch.setattr(store, "plan", look)
            taken = others.adopt("w2", "run-1", other.now)
            assert taken is not None
            other.hints = taken.ready
            other.tick()
            other.tick(other.end("a", Released()), want=0)
            assert others.abandon("w2")
            others.request_cancel("run-1", 1.0)
            return look(plan_hash, workflow)

        monkeypatch.setattr(store, "plan", looked)
        adopted = store.adopt("w1", "run-1", world.now)
        assert adopted is not None
        assert (adopted.record.state, adopted.record.cancel_requested_at) == ("running", 1.0)
        world.hints = adopted.ready
        assert [claim.task.seq for claim in world.tick().claims] == [0]
