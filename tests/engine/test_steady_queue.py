"""A queue that goes on without its server looks by the clock that it was given, which a simulation needs."""

from flow_engine.model import Hint, TaskRef
from flow_engine.queues.reconcile import EVERY, Reconciler
from flow_engine.queues.shared_memory import SharedMemoryQueue
from flow_engine.queues.steady import SteadyQueue


class Source:
    def queue_epoch(self) -> str:
        return "e"

    def ready_hints(
        self, limit: int, after: TaskRef | None = None, before: float | None = None
    ) -> list[tuple[str, Hint]]:
        return [("default", Hint(0.0, 0.0, TaskRef("r", 1)))]


def test_reconciliations_follow_each_other_by_its_clock() -> None:
    now = 50.0
    queue = SharedMemoryQueue(clock=lambda: now)
    steady = SteadyQueue(queue, Source(), Reconciler(queue, Source(), lambda: now), lambda: now)
    steady.reconcile()  # it had lost all
    steady.reconcile()
    queue.drop(["r"])
    now += EVERY - 1
    steady.reconcile()
    assert queue.take(1) == []
    now += 1
    steady.reconcile()
    assert len(queue.take(1)) == 1
