"""What an engine has in hand now, as Prometheus reads it."""

import time
from collections.abc import Iterator

from prometheus_client.core import Metric

from flow_runtime.embedded import Embedded
from flow_runtime.telemetry.families import gauge, gauges
from flow_runtime.telemetry.tally import BoundedNames
from flow_runtime.telemetry.watch import Watch


def engine_families(engine: Embedded, watch: Watch) -> Iterator[Metric]:
    yield gauge("flow_worker_slots", "Bodies that this worker runs at once.", engine.pool.slots)
    yield gauge("flow_worker_slots_busy", "Slots that have something to run.", engine.pool.slots_busy)
    yield gauge("flow_worker_runs", "Runs that this worker owns.", engine.worker.runs)
    yield from _waiting(watch, time.time())
    queue = None if engine.shared is None else engine.shared.exchange.queue
    if queue is not None:
        yield gauge("flow_redis_up", "1 while the queue in Redis answers, else 0.", float(queue.down_since is None))


def _waiting(watch: Watch, now: float) -> Iterator[Metric]:
    """Of the runs that this worker owns: what waits for a slot, a pool, a rate or a worker with its labels."""
    name = BoundedNames()
    depth, oldest = {"": 0}, {"": 0.0}
    for task in watch.waiting():
        if task.since <= now:
            pool = name(task.pool)
            depth[pool] = depth.get(pool, 0) + 1
            oldest[pool] = max(oldest.get(pool, 0.0), now - task.since)
    by = ("pool",)
    yield gauges(
        "flow_ready_tasks", "Tasks that are ready and wait, by pool.", by, [((k,), v) for k, v in depth.items()]
    )
    what = "How long the longest of them has waited, by pool."
    yield gauges("flow_ready_oldest_seconds", what, by, [((k,), v) for k, v in oldest.items()])
