"""Procrastinate on PostgreSQL: a queue of jobs without edges, so that a job of a chain submits the next before it ends.

Two worker processes; bodies are coroutines, 16 at once in each, and new jobs are notified.
"""

import os
import time
from pathlib import Path
from typing import Any

from peer_workers import warmed, workers
from workloads import Shape

INSTALL = ("procrastinate==3.10.0", "psycopg[binary]==3.3.9")
WORKLOADS = ("W1", "W6")
MOST = 3000
NOTE = "W2, W3 and W4 are left out: a job cannot need others; in W1 and W6 each job submits the next"
OPEN = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
DONE = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded' AND task_name = 'node'"


def serve(body: str, folder: Path) -> None:
    app, _, _ = _tasks(folder)
    app.run_worker(concurrency=16)


def measure(shape: Shape, folder: Path) -> float:
    import psycopg

    app, node, warm = _tasks(folder)
    with app.open(), psycopg.connect(os.environ["PEER_POSTGRES"], autocommit=True) as connection:
        app.schema_manager.apply_schema()
        with workers(__file__, shape.body, folder, warm.defer):
            start = time.perf_counter()
            for _ in range(shape.runs):
                node.defer(left=len(shape.parents) - 1)
            while _count(connection, OPEN):
                time.sleep(0.01)
            seconds = time.perf_counter() - start
        ran = _count(connection, DONE)
    if ran != len(shape.parents) * shape.runs:
        raise RuntimeError(f"{ran} of {len(shape.parents) * shape.runs} jobs have run")
    return seconds


def _count(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _tasks(folder: Path) -> tuple[Any, Any, Any]:
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=os.environ["PEER_POSTGRES"]))

    @app.task(name="node")
    async def node(left: int) -> None:
        if left:
            await node.defer_async(left=left - 1)

    @app.task(name="warm")
    async def warm() -> None:
        warmed(folder)

    return app, node, warm
