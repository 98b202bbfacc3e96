"""Prefect 3 with a local server of its own, up before the clock starts, and two threads for its tasks."""

import os
import time
from pathlib import Path

from peer_bodies import body_of
from workloads import Shape

INSTALL = ("prefect==3.9.1",)
MOST = 250


def measure(shape: Shape, folder: Path) -> float:
    os.environ |= {
        "PREFECT_HOME": str(folder.parent / "home"),  # its database is made once
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }
    os.environ.pop("PREFECT_API_URL", None)
    import prefect
    from prefect.task_runners import ThreadPoolTaskRunner

    work = body_of(shape.body)

    @prefect.task
    def node() -> None:
        work()

    @prefect.flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def graph(parents: list[list[int]]) -> None:
        ends: list[prefect.futures.PrefectFuture[None]] = []
        for needs in parents:
            ends.append(node.submit(wait_for=[ends[need] for need in needs]))
        for end in ends:
            end.result()

    if shape.name != "W5":
        graph([[]])  # the server is up
    start = time.perf_counter()
    graph(shape.parents)
    return time.perf_counter() - start
