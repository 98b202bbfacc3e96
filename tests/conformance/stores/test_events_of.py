"""The events of several runs at once are those of each."""

from support.plans import plan, task
from support.world import World


def test_they_are_what_each_run_tells_after_what_is_known(world: World) -> None:
    runs = [world.start(plan(task("a"), task("b", "a")), f"run-{number}") for number in range(4)]
    claims = world.tick().claims
    world.tick(*[world.end_of(claim) for claim in claims if claim.task.run != "run-3"])
    each = {run: world.store.events(run, 0) for run in runs}
    assert all(each.values())
    assert world.store.events_of(dict.fromkeys(runs, 0)) == each
    after = {run: events[0].id for run, events in each.items()}
    later = {run: events[1:] for run, events in each.items() if len(events) > 1}
    assert "run-3" not in later
    assert world.store.events_of(after) == later
    assert world.store.events_of({"run-1": each["run-1"][-1].id}) == {}
    assert world.store.events_of({}) == {}


def test_the_last_one_of_each_run_is_told_alone(world: World) -> None:
    first, other = (world.start(plan(task("a")), f"run-{number}") for number in range(2))
    assert world.store.last_event(first) == max([event.id for event in world.store.events(first, 0)], default=0)
    world.tick(*[world.end_of(claim) for claim in world.tick().claims if claim.task.run == first])
    for run in (first, other):
        assert world.store.last_event(run) == max([event.id for event in world.store.events(run, 0)], default=0)
    assert world.store.last_event(first) > 0
