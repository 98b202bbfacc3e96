"""Workers and people write the same runs all the time, and none of them waits for another in a circle."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from flow_engine.errors import Refused
from flow_engine.model import Signal
from flow_engine.stores.postgres import PostgresStore
from support.plans import plan, task
from support.world import World

RUNS = [f"run-{number}" for number in range(3)]
PLAN = plan(*[task(f"t{number}", pool="few" if number % 2 else "") for number in range(12)])


class Side:
    """Threads that go on beside each other; what one of them raises is kept."""

    def __init__(self, acts: Iterable[Callable[[], object]]) -> None:
        self.failed: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(act,)) for act in acts]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in self._threads)
        assert self.failed == []

    def _run(self, act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - a thread's error is told by the test
            self.failed.append(error)


def work(world: World, run: str) -> None:
    while not world.finishing:
        world.tick(*[world.end(key) for key in list(world.claims)], want=4)
    world.finish(run)


def disturb(store: PostgresStore, over: threading.Event) -> None:
    while not over.is_set():
        for run in RUNS:
            store.request_cancel(run, 1000.0)
            with suppress(Refused):  # it has ended
                store.send(run, Signal("event", "x", "1", 1000.0))
        store.set_pool("few", 3)


def test_airflow_27473_who_writes_a_run_and_who_writes_its_tasks_do_not_deadlock(
    opened: Callable[[], PostgresStore],
) -> None:
    """There one process wrote a run and then its tasks, another one the tasks and then the run."""
    stores = [opened() for _ in range(5)]
    stores[0].set_pool("few", 3)
    workers = [World(store, f"w{number}") for number, store in enumerate(stores[:3])]
    for world, run in zip(workers, RUNS, strict=True):
        world.start(PLAN, run)
    over = threading.Event()
    people = Side(partial(disturb, store, over) for store in stores[3:])
    try:
        Side(partial(work, world, run) for world, run in zip(workers, RUNS, strict=True)).join()
    finally:
        over.set()
    people.join()
    assert {stores[0].run(run).state for run in RUNS} == {"succeeded"}
    assert [store._session.collisions for store in stores] == [0] * 5
