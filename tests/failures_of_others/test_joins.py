"""What comes after many parts begins once, and ends whatever became of the parts."""

import pytest
from flow_engine.model import Expanded
from support.plans import each, plan, task, value_task
from support.world import broken

from failures_of_others.conftest import Workers

INNER, OUTER = 3, 4


def nested(workers: Workers, failing: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Two lists, the second one of the first, a join of each, and a join of both; how everything ended, and what was claimed."""
    world = workers.worker()
    made = plan(
        task("a"),
        each("outer", "a"),
        each("inner", "outer", aligned=True),
        value_task("join_outer", "outer"),
        value_task("join_inner", "inner"),
        value_task("last", "join_outer", "join_inner"),
    )
    world.start(made)
    claimed: list[str] = []
    world.tick()
    while world.claims:
        key = next(iter(world.claims))
        claim = world.claims[key]
        claimed.append(key)
        if claim.expands:
            outcome = Expanded(OUTER, [str(n) for n in range(OUTER)]) if key == "outer" else Expanded(OUTER, None)
            world.tick(world.end(key, outcome))
            continue
        world.tick(world.end(key, broken()) if key in failing else world.end(key))
    world.finish()
    return world.states(), claimed


@pytest.mark.parametrize("failing", [(), ("outer[1]",), ("inner[0]", "inner[3]"), ("a",)], ids=str)
def test_celery_3538_a_join_of_nested_parts_ends_once(failing: tuple[str, ...], workers: Workers) -> None:
    """There the callback was called for an inner part, or never."""
    ended, claimed = nested(workers, failing)
    assert all(state in ("succeeded", "failed", "upstream_failed") for state in ended.values())
    assert len(claimed) == len(set(claimed))
    assert ("last" in claimed) is (not failing)
    assert ended["last"] == ("upstream_failed" if failing else "succeeded")


def test_celery_5237_a_join_after_a_part_that_failed_does_not_hang(workers: Workers) -> None:
    """There the join was tried again for ever: here the run has ended, and says so."""
    world = workers.worker()
    world.start(plan(*(task(f"part{n}") for n in range(20)), task("join", *(f"part{n}" for n in range(20)))))
    world.tick()
    for number in reversed(range(20)):
        key = f"part{number}"
        world.tick(world.end(key, broken()) if number == 7 else world.end(key))
    assert world.states()["join"] == "upstream_failed"
    assert world.finishing == ["run-1"]
    world.finish()
    assert world.store.run("run-1").state == "failed"
