"""streaq on Redis: real edges. Two worker processes; bodies that do nothing are coroutines, 16 at once in each."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from peer_bodies import spawned
from peer_workers import warmed, workers
from workloads import Shape

INSTALL = ("streaq==7.2.0",)
WORKLOADS = ("W1", "W2", "W3", "W4", "W6")
LIMIT = 600


def serve(body: str, folder: Path) -> None:
    worker, _, _ = _tasks(body, folder)
    worker.run_sync()


def measure(shape: Shape, folder: Path) -> float:
    with workers(__file__, shape.body, folder, lambda: asyncio.run(_warm(shape.body, folder))):
        return asyncio.run(_measure(shape, folder))


def _tasks(body: str, folder: Path) -> tuple[Any, Any, Any]:
    """The worker, the task that is measured, and the one that warms."""
    from streaq import Worker

    worker: Any = Worker(redis_url=os.environ["PEER_REDIS"], concurrency=1 if body == "shell" else 16)

    @worker.task(name="node")
    async def node() -> None:
        pass

    @worker.task(name="process")
    def process() -> None:
        spawned()

    @worker.task(name="warm")
    def warm() -> None:
        warmed(folder)

    return worker, process if body == "shell" else node, warm


async def _warm(body: str, folder: Path) -> None:
    worker, _, warm = _tasks(body, folder)
    async with worker:
        await warm.enqueue()


async def _measure(shape: Shape, folder: Path) -> float:
    worker, node, _ = _tasks(shape.body, folder)
    async with worker:
        start = time.perf_counter()
        ends = []
        for _ in range(shape.runs):
            tasks = _graph(node, shape)
            await worker.enqueue_many(tasks)
            needed = {need for needs in shape.parents for need in needs}
            ends += [task for number, task in enumerate(tasks) if number not in needed]
        keys = [worker.results_key + end.id for end in ends]
        while await worker.redis.exists(keys) < len(keys):  # `result` would open a connection for each
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - start
        for end in ends[-100:]:
            if not (result := await end.result(LIMIT)).success:
                raise RuntimeError(f"a task failed: {result.exception!r}")
        return seconds


def _graph(node: Any, shape: Shape) -> list[Any]:
    """In the order of the numbers, so that each is published after those that it needs."""
    tasks: list[Any] = []
    for needs in shape.parents:
        task = node.enqueue()
        tasks.append(task.start(after=[tasks[need].id for need in needs]) if needs else task)
    return tasks
