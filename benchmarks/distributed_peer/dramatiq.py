"""Dramatiq on Redis: pipelines, and groups whose barrier calls the last task. Two worker processes with a thread each."""

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from peer_bodies import body_of
from peer_workers import warmed, workers
from workloads import Shape

INSTALL = ("dramatiq[redis]==2.2.1", "redis==8.1.0")
WORKLOADS = ("W1", "W2", "W4", "W6")
NOTE = "W3 is left out: a task cannot need some tasks of several"
LIMIT = 600_000
"""Milliseconds."""


class _Actors(NamedTuple):
    """`last` keeps its result; `fan` runs, and then submits a group of so many with `last` behind it."""

    broker: Any
    node: Any
    last: Any
    fan: Any
    warm: Any


def serve(body: str, folder: Path) -> None:
    import dramatiq

    dramatiq.Worker(_actors(body, folder).broker, worker_threads=1).start()
    while True:
        time.sleep(3600)


def measure(shape: Shape, folder: Path) -> float:
    actors = _actors(shape.body, folder)
    with workers(__file__, shape.body, folder, actors.warm.send):
        start = time.perf_counter()
        ends = [_submitted(actors, shape) for _ in range(shape.runs)]
        for end in ends:
            end.get_result(block=True, timeout=LIMIT)
        return time.perf_counter() - start


def _submitted(actors: _Actors, shape: Shape) -> Any:
    """The message whose result is the end."""
    import dramatiq

    last = actors.last.message()
    if shape.name in ("W2", "W4"):
        actors.fan.send(len(shape.parents) - 2, last.asdict())
        return last
    return dramatiq.pipeline([*(actors.node.message() for _ in shape.parents[1:]), last]).run()


def _actors(body: str, folder: Path) -> _Actors:
    import dramatiq
    import redis
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.middleware import GroupCallbacks
    from dramatiq.rate_limits.backends import RedisBackend as Barriers
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend as Kept

    url, work = os.environ["PEER_REDIS"], body_of(body)
    broker = RedisBroker(url=url)
    patient = redis.Redis.from_url(url, socket_timeout=None)  # redis-py 8 would end a wait for a result after 5 s
    broker.add_middleware(Results(backend=Kept(client=patient)))
    broker.add_middleware(GroupCallbacks(Barriers(url=url)))
    dramatiq.set_broker(broker)

    @dramatiq.actor(max_retries=0)
    def node(*_results: object) -> None:
        work()

    @dramatiq.actor(store_results=True, max_retries=0)
    def last(*_results: object) -> None:
        work()

    @dramatiq.actor(max_retries=0)
    def fan(width: int, end: dict[str, Any]) -> None:
        work()
        group = dramatiq.group(node.message() for _ in range(width))
        group.add_completion_callback(dramatiq.Message(**end))
        group.run()

    @dramatiq.actor(max_retries=0)
    def warm() -> None:
        warmed(folder)

    return _Actors(broker, node, last, fan, warm)
