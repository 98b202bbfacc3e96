"""Celery on Redis: chains; a group ends in a chord. One worker of two prefork processes; results are kept, as a chord needs them."""

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from peer_bodies import body_of
from peer_workers import warmed, workers
from workloads import Shape, widths_of

INSTALL = ("celery[redis]==5.7.0", "redis==8.1.0")
WORKLOADS = ("W1", "W2", "W3", "W4", "W6")
MOST = 3000
NOTE = "in W3 each layer is a chord that needs all of the layer before: it has no edges between some tasks"
LIMIT = 600


class _Tasks(NamedTuple):
    """`layers(widths)` submits the first layer, with the others behind it; the last task of all has the id `end`."""

    app: Any
    node: Any
    layers: Any
    warm: Any


def serve(body: str, folder: Path) -> None:
    options = ["--concurrency=2", "--pool=prefork", "--loglevel=WARNING"]
    _tasks(body, folder).app.worker_main(["worker", *options, "--without-gossip", "--without-mingle"])


def measure(shape: Shape, folder: Path) -> float:
    tasks = _tasks(shape.body, folder)
    with workers(__file__, shape.body, folder, tasks.warm.delay, count=1):
        start = time.perf_counter()
        ends = [_submitted(tasks, shape) for _ in range(shape.runs)]
        for end in ends:
            end.get(timeout=LIMIT, follow_parents=False)
        seconds = time.perf_counter() - start
    wanted = len(shape.parents) * shape.runs + (shape.name == "W3")
    if (ran := len(tasks.app.backend.client.keys("celery-task-meta-*"))) != wanted:
        raise RuntimeError(f"{ran} of {wanted} tasks have a result")
    return seconds


def _submitted(tasks: _Tasks, shape: Shape) -> Any:
    """The result of the last task."""
    from celery import chain, group, uuid

    nodes = [tasks.node.si() for _ in shape.parents]
    if shape.name == "W3":
        end = uuid()
        tasks.layers.delay(widths_of(shape.parents), end)
        return tasks.app.AsyncResult(end)
    if shape.name in ("W2", "W4"):
        return chain(nodes[0], group(nodes[1:-1]), nodes[-1]).apply_async()
    return chain(nodes).apply_async()


def _tasks(body: str, folder: Path) -> _Tasks:
    from celery import Celery, chord

    url, work = os.environ["PEER_REDIS"], body_of(body)
    app = Celery("peer", broker=url, backend=url)
    app.conf.update(broker_connection_retry_on_startup=True, worker_prefetch_multiplier=16)

    @app.task(name="node")
    def node() -> None:
        work()

    @app.task(name="ended")
    def ended() -> None:
        """Behind the last layer, as a chord must have something behind it."""

    @app.task(name="layers", ignore_result=True)
    def layers(widths: list[int], end: str) -> None:
        rest = widths[1:]
        behind = layers.si(rest, end) if rest else ended.si().set(task_id=end)
        chord([node.si() for _ in range(widths[0])], behind).apply_async()

    @app.task(name="warm", ignore_result=True)
    def warm() -> None:
        warmed(folder)

    return _Tasks(app, node, layers, warm)
