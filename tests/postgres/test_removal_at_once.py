"""Plans are removed while others begin runs and deploy schedules of them: whatever is kept has its plan."""

import random
import time
from contextlib import closing
from threading import Thread

from flow_engine.deployments import Deployment
from flow_engine.model import NewRun
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.postgres import PostgresStore
from flow_lang.bundle import bundle_of
from support.plans import digest, plan, task
from support.world import World

PLANS = [plan(task(f"t{number}")) for number in range(3)]
SECONDS = 1.5


def test_no_run_and_no_schedule_is_kept_without_its_plan(url: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    over = time.monotonic() + SECONDS
    errors: list[BaseException] = []
    removed: list[int] = []

    def work(number: int) -> None:
        drawn = random.Random(f"{seed}/{number}")
        try:
            with closing(PostgresStore(url, lambda worker: True)) as store:
                turn = 0
                while time.monotonic() < over:
                    turn += 1
                    [_begin, _deploy, _remove][number](store, drawn, turn, removed)
        except BaseException as error:  # noqa: BLE001  told by the test's thread
            errors.append(error)

    threads = [Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert errors == []
    assert sum(removed) > 0
    with closing(PostgresStore(url, lambda worker: True)) as store:
        for record in store.runs(RunFilter(limit=10_000)):
            assert store.plan(record.plan_hash)
        for schedule in store.schedules():
            assert store.plan(schedule.plan_hash)


def _begin(store: PostgresStore, drawn: random.Random, turn: int, removed: list[int]) -> None:
    """A run that ends at once."""
    made = drawn.choice(PLANS)
    world = World(store, now=1000.0 + turn)
    run = f"run-{turn:06}"
    store.submit(NewRun(run, digest(made), made, bundle_of(made), {}, "/tmp", world.now))
    world.plans[run] = made
    adopted = store.adopt(world.worker, run, world.now)
    assert adopted is not None
    world.hints = adopted.ready
    world.run_all()
    world.finish(run)


def _deploy(store: PostgresStore, drawn: random.Random, turn: int, removed: list[int]) -> None:
    made = drawn.choice(PLANS)
    store.deploy(
        Deployment("w", digest(made), bundle_of(made), "/tmp", '{"cron": "0 0 * * *", "tz": "UTC"}', 1000.0 + turn)
    )
    if turn % 2:
        store.remove_workflow("w")


def _remove(store: PostgresStore, drawn: random.Random, turn: int, removed: list[int]) -> None:
    for page in store.removal.old(1e12, 0):
        store.removal.remove(page)
    removed.append(store.removal.remove_plans(store.removal.unused_plans()))
