"""A run that begins with what another one has."""

from dataclasses import dataclass

from flow_engine import states
from flow_engine.model import Expanded
from support.plans import each, plan, value_task
from support.world import World


@dataclass
class Known:
    """What must be the same in the run that takes over."""

    key: str
    state: str
    attempt: int
    size: int | None
    result: str | None


def known(world: World, run: str) -> list[Known]:
    tasks = world.plans[run].workflow.tasks
    keys = list(world.store.tasks(run))
    return [Known(f"{tasks[row.node].name}[{row.place}]", row.state, row.attempt, row.size, row.result) for row in keys]


def test_a_group_whose_instances_are_partly_done_keeps_its_size(world: World) -> None:
    """It was written without, so that the new run never ended."""
    made = plan(value_task("source"), each("work", "source"))
    world.start(made, "first")
    world.tick()
    world.tick(world.end("source"))
    world.tick(world.end("work", Expanded(2, ['"a"', '"b"'])))
    world.tick(world.end("work[0]"))
    rows = []
    for row in world.store.tasks("first"):
        open_ = row.state not in states.FINAL and row.state != states.EXPANDING
        rows.append(row._replace(state=states.READY, worker=None) if open_ else row)
    world.submit(made, "second", based_on="first", rows=tuple(rows), owner="w1")
    before, after = known(world, "first"), known(world, "second")
    assert [(row.key, row.size, row.result) for row in after] == [(row.key, row.size, row.result) for row in before]
    assert [row.state for row in after] == ["succeeded", "expanding", "succeeded", "ready"]
    assert [row.attempt for row in after] == [1, 1, 1, 1]
    adopted = world.store.adopt("w1", "second", world.now)
    assert adopted is not None
    world.hints = adopted.ready
    world.tick()
    tick = world.tick(world.end("work[1]"))
    assert tick.finishing == ["second"]
