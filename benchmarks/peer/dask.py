"""Dask distributed: a local cluster of two worker processes that are up before the clock starts; all is in memory.

W5, where the start counts, has its two workers in this process.
"""

import time
from pathlib import Path

from peer_bodies import body_of, nothing
from workloads import Shape

INSTALL = ("distributed==2026.8.0",)
WORKLOADS = ("W1", "W2", "W3", "W4", "W5", "W6")


def measure(shape: Shape, folder: Path) -> float:
    from dask import config
    from distributed import Client, LocalCluster

    config.set({"temporary-directory": str(folder)})
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=shape.name != "W5", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(nothing)  # the workers have loaded what they need
        graphs = [_graph(shape, run) for run in range(shape.runs)]
        start = time.perf_counter()
        ends = [client.get(graph, list(graph), sync=False) for graph in graphs]
        client.gather(ends)
        return time.perf_counter() - start


def _graph(shape: Shape, run: int) -> dict[str, tuple[object, ...]]:
    """Each task is asked for, so that none is fused with its neighbour."""
    body = body_of(shape.body)
    return {
        f"r{run}-t{task}": (body, *(f"r{run}-t{parent}" for parent in needs))
        for task, needs in enumerate(shape.parents)
    }
