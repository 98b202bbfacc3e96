"""DBOS on PostgreSQL: a run is a workflow of steps, those of a layer awaited together. Two processes take workflows from a queue.

A child workflow a task, which the other process could take, was several times as slow as a step.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from peer_bodies import spawned
from peer_workers import warmed, workers
from workloads import Shape, widths_of

INSTALL = ("dbos==3.4.0", "psycopg[binary]==3.3.9")
WORKLOADS = ("W1", "W2", "W3", "W4", "W6")
MOST = 3000
NOTE = "all steps of a run are in one of the two processes; in W3 a layer waits for all of the layer before"
POLL = 0.01
"""Seconds between two looks at a queue or a result; its default is 1."""


def serve(body: str, folder: Path) -> None:
    _launched(body, folder, ["runs"])
    while True:
        time.sleep(3600)


def measure(shape: Shape, folder: Path) -> float:
    from dbos import DBOS

    chain, layers, warm = _launched(shape.body, folder, [])
    DBOS.register_queue("runs", polling_interval_sec=POLL)
    widths = widths_of(shape.parents)
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


def _launched(body: str, folder: Path, queues: list[str]) -> tuple[Any, Any, Any]:
    """The workflows: a chain of so many steps; layers of so many steps each; what warms."""
    from dbos import DBOS

    slots = asyncio.Semaphore(2)
    DBOS(
        config={
            "name": "peer",
            "system_database_url": os.environ["PEER_POSTGRES"],
            "application_version": "1",
            "log_level": "ERROR",
        }
    )

    @DBOS.step(name="alone")
    def alone() -> None:
        pass

    @DBOS.step(name="together")
    async def together() -> None:
        if body == "shell":
            async with slots:
                await asyncio.to_thread(spawned)

    @DBOS.workflow(name="chain")
    def chain(length: int) -> None:
        for _ in range(length):
            alone()

    @DBOS.workflow(name="layers")
    async def layers(widths: list[int]) -> None:
        for width in widths:
            await asyncio.gather(*(together() for _ in range(width)))

    @DBOS.workflow(name="warm")
    def warm() -> None:
        warmed(folder)

    DBOS.listen_queues(queues)
    DBOS.launch()
    return chain, layers, warm
