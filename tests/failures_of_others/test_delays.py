"""A delay is no lease: what waits is in nobody's hands, however long it waits."""

import pytest
from flow_engine.model import Awaits, Claim, Suspended
from flow_lang.plan import Plan, Retry
from support.plans import plan, task
from support.world import World, broken

from failures_of_others.conftest import Workers

HOUR = 3600.0
DELAYED = {
    "celery_2599_a_delay_longer_than_any_lease_runs_once": plan(task("a", delay=6 * HOUR)),
    "celery_3270_a_retry_delay_longer_than_any_lease_runs_once": plan(
        task("a", retry=Retry(1, 6 * HOUR, 1.0, 6 * HOUR))
    ),
}


def claims_of_a_day(workers: Workers, world: World, others: int = 2) -> list[Claim]:
    """What is claimed in 24 hours, with a look every ten minutes by the owner, and by others who would take the run over."""
    found = []
    for step in range(1, 6 * 24 + 1):
        world.now = 1000.0 + 600 * step
        for number in range(others):
            other = workers.worker(f"other{number}")
            assert other.store.unowned(10) == []
            assert other.store.adopt(other.worker, "run-1", world.now) is None
        found += world.tick().claims
    return found


@pytest.mark.parametrize("name", DELAYED)
def test(name: str, workers: Workers) -> None:
    made: Plan = DELAYED[name]
    world = workers.worker()
    world.start(made)
    tick = world.tick()
    if tick.claims:
        world.tick(world.end("a", broken()))
    (claim,) = claims_of_a_day(workers, world)
    assert claim.attempt == 1 + len(tick.claims)
    assert world.now - 1000.0 >= 6 * HOUR


def test_kombu_337_a_timer_of_a_day_keeps_no_claim_and_ends_once(workers: Workers) -> None:
    """There the message stayed in a worker's memory and was given to another one as well."""
    world = workers.worker()
    world.start(plan(task("a")))
    world.tick()
    world.tick(world.end("a", Suspended(Awaits("timer", str(1000.0 + 20 * HOUR), "", 1000.0 + 20 * HOUR))))
    (alarm,) = [hint for hint in world.hints if hint.alarm]
    assert alarm.due == 1000.0 + 20 * HOUR
    world.hints = []
    assert claims_of_a_day(workers, world) == []
    assert world.row("a").state == "waiting"
    world.tick(wakes=[alarm.task], want=0)
    world.tick(world.end("a"))
    assert (world.row("a").state, world.row("a").attempt) == ("succeeded", 1)
