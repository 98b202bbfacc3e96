"""DBOS on PostgreSQL: a run is a workflow of steps, those of a layer awaited together; in W4 of child workflows on a queue.

Two processes take workflows and children. In W2 and W3 a child a task takes several times as long as a step.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from peer_bodies import body_of
from peer_workers import warmed, workers
from workloads import Shape, widths_of

INSTALL = ("dbos==3.4.0", "psycopg[binary]==3.3.9")
WORKLOADS = ("W1", "W2", "W3", "W4", "W6")
NOTE = "the steps of a run are in one process, but in W4; in W3 a layer waits for all of the layer before"
POLL = 0.01
"""Seconds between two looks at a queue or a result; its default is 1."""


def serve(body: str, folder: Path) -> None:
    _launched(body, folder, ["runs", "nodes"] if body == "shell" else ["runs"])
    while True:
        time.sleep(3600)


def measure(shape: Shape, folder: Path) -> float:
    from dbos import DBOS

    chain, children, gathered, warm = _launched(shape.body, folder, [])
    for name, concurrency in (("runs", None), ("nodes", 1)):
        DBOS.register_queue(name, worker_concurrency=concurrency, polling_interval_sec=POLL)
    widths = widths_of(shape.parents)
    layers = children if shape.body == "shell" else gathered
    run, argument = (chain, len(widths)) if max(widths) == 1 else (layers, widths)
    try:
        with workers(__file__, shape.body, folder, lambda: DBOS.enqueue_workflow("runs", warm)):
            start = time.perf_counter()
            ends = [DBOS.enqueue_workflow("runs", run, argument) for _ in range(shape.runs)]
            for end in ends:
                end.get_result(polling_interval_sec=POLL)
            return time.perf_counter() - start
    finally:
        DBOS.destroy()


def _launched(body: str, folder: Path, queues: list[str]) -> tuple[Any, Any, Any, Any]:
    """The workflows: a chain of so many steps; layers of so many children, and of so many steps; what warms."""
    from dbos import DBOS

    work = body_of(body)
    DBOS(
        config={
            "name": "peer",
            "system_database_url": os.environ["PEER_POSTGRES"],
            "application_version": "1",
            "log_level": "ERROR",
        }
    )

    @DBOS.step(name="step")
    def step() -> None:
        work()

    @DBOS.workflow(name="chain")
    def chain(length: int) -> None:
        for _ in range(length):
            step()

    @DBOS.workflow(name="node")
    def node() -> None:
        work()

    @DBOS.workflow(name="children")
    def children(widths: list[int]) -> None:
        for width in widths:
            for end in [DBOS.enqueue_workflow("nodes", node) for _ in range(width)]:
                end.get_result(polling_interval_sec=POLL)

    @DBOS.step(name="together")
    async def together() -> None:
        pass

    @DBOS.workflow(name="gathered")
    async def gathered(widths: list[int]) -> None:
        for width in widths:
            await asyncio.gather(*(together() for _ in range(width)))

    @DBOS.workflow(name="warm")
    def warm() -> None:
        warmed(folder)

    DBOS.listen_queues(queues)
    DBOS.launch()
    return chain, children, gathered, warm
