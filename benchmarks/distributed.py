"""Measures Flow on PostgreSQL (fsync on) and Valkey beside a bare floor: `python benchmarks/distributed.py [--workers 1] [--save]`.

Workers are processes of their own, with two slots together where there is one, else one slot each. Seconds are from the submission to the
end of the last run, by the clock of this machine; the median of the repeats counts. Commits and round trips are those that the servers
counted, of all processes. The floor keeps one row a task in PostgreSQL and pops each from Redis: a step of a chain is a commit and a round
trip, what is independent goes 64 at a time; bodies cost it nothing.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import history
import psycopg
import redis
from flow_cli.backends.new_run import new_run
from flow_engine.stores.shared import SharedStore
from flow_runtime.plans import Loaded, load_plan
from flow_runtime.services.postgres import EmbeddedPostgres
from flow_runtime.services.valkey import EmbeddedValkey
from flow_runtime.shared_state import open_shared
from flow_runtime.state_folder import StateFolder
from workloads import Shape, shapes, source_of

BATCH = 64
LIMIT = 300.0
"""Seconds that one measurement may take."""


class Figure(NamedTuple):
    """Of one measurement: seconds; those of a submission that 99 of 100 do not exceed, in milliseconds; and for each task."""

    seconds: float
    submit_p99: float
    commits: float
    trips: float


class Cluster:
    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._postgres = EmbeddedPostgres(str(folder))
        self._valkey = EmbeddedValkey(str(folder))
        self._workers: list[subprocess.Popen[bytes]] = []
        self._count = workers

    def __enter__(self) -> "Cluster":
        self._postgres.start()
        self._valkey.start()
        state = StateFolder(str(self._folder), self._postgres.url, self._valkey.url)
        state.make()
        self.store: SharedStore = open_shared(state)
        self.redis: Any = redis.Redis.from_url(self._valkey.url)
        self.bare = psycopg.connect(self._postgres.url, autocommit=True)
        environment = {**os.environ, "FLOW_DATABASE": self._postgres.url, "FLOW_QUEUE": self._valkey.url}
        slots = "2" if self._count == 1 else "1"
        command = [sys.executable, "-P", "-m", "flow_runtime.daemon", str(self._folder), "--slots", slots]
        for _ in range(self._count):
            self._workers.append(subprocess.Popen(command, stdin=subprocess.PIPE, env=environment))
        time.sleep(1.5)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.wait(60)
        self.store.close()
        self.bare.close()
        self.redis.close()
        self._valkey.stop()
        self._postgres.stop()
        shutil.rmtree(self._postgres.folder, ignore_errors=True)

    @property
    def pids(self) -> list[int]:
        """Of the workers' engines."""
        return [worker.pid for worker in self._workers]

    def counted(self) -> tuple[int, int]:
        """Commits of the server and commands of the queue that workers sent, so far."""
        row = self.bare.execute("SELECT sum(xact_commit) FROM pg_stat_database").fetchone()
        assert row is not None
        calls = sum(one["calls"] for one in self.redis.info("commandstats").values())
        return int(row[0]), int(calls)

    def open_runs(self) -> int:
        row = self.bare.execute("SELECT count(*) FROM flow.run WHERE finished_at IS NULL").fetchone()
        assert row is not None
        return int(row[0])

    def last_end(self) -> float:
        row = self.bare.execute("SELECT max(finished_at) FROM flow.run").fetchone()
        assert row is not None
        return float(row[0])


def measure(cluster: Cluster, shape: Shape, loaded: Loaded) -> Figure:
    before, latencies = cluster.counted(), []
    begun = time.time()
    for first in range(0, shape.runs, shape.batch):
        count = min(shape.batch, shape.runs - first)
        news = [new_run(cluster.store.newest() if shape.runs == 1 else None, loaded, {}) for _ in range(count)]
        at = time.perf_counter()
        cluster.store.submit_all(news)
        latencies.append(time.perf_counter() - at)
    deadline = time.monotonic() + LIMIT
    while cluster.open_runs():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{shape.name} is not done after {LIMIT:g} s")
        time.sleep(0.02)
    seconds = cluster.last_end() - begun
    time.sleep(0.6)  # the server counts what a connection did when that rests
    commits, trips = (now - then for now, then in zip(cluster.counted(), before, strict=True))
    tasks = len(shape.parents) * shape.runs
    p99 = sorted(latencies)[max(int(len(latencies) * 0.99) - 1, 0)] * 1000
    return Figure(seconds, p99, commits / tasks, trips / tasks)


def floor(cluster: Cluster, shape: Shape) -> float:
    """Seconds."""
    steps = [1] * len(shape.parents) if shape.name == "W1" else _batches(len(shape.parents) * shape.runs)
    if shape.runs > 1:
        steps = [3 * shape.batch] * (shape.runs // shape.batch)
    with cluster.bare.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS public.bare (task integer, at double precision)")
        began = time.perf_counter()
        for number, size in enumerate(steps):
            cluster.redis.zadd("bare", {f"{number}:{i}": i for i in range(size)})
            cluster.redis.zpopmin("bare", size)
            cursor.execute("INSERT INTO public.bare SELECT i, 0 FROM generate_series(1, %s) AS i", (size,))
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE public.bare")
    return seconds


def _batches(count: int) -> list[int]:
    return [min(BATCH, count - at) for at in range(0, count, BATCH)]


@contextmanager
def cluster_of(workers: int) -> Iterator[tuple[Cluster, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="flow-benchmark-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield stack.enter_context(Cluster(folder, workers)), folder


def main() -> int:
    options = _options()
    figures = []
    for workers in options.workers:
        print(f"{workers} worker{'s' if workers > 1 else ''}")
        print(
            f"{'':6} {'shape':38} {'Flow s':>8} {'floor s':>8} {'ratio':>6} {'submit p99 ms':>13} {'commits':>8} {'Redis':>6}"
        )
        with cluster_of(workers) as (cluster, folder):
            for shape in shapes(options.scale):
                if shape.name == "W5" or (options.only and shape.name not in options.only):
                    continue
                figures.append(_row(cluster, folder, shape, workers, options.repeat))
    if options.save:
        history.append(figures)
    return 0


def figure_of(cluster: Cluster, folder: Path, shape: Shape, repeat: int) -> tuple[Figure, float]:
    """The medians, and the floor's seconds. `folder` is for the shape's file. Raises TimeoutError."""
    path = folder / f"{shape.name}.flow"
    path.write_text(source_of(shape, shape.body), encoding="utf-8")
    loaded = load_plan(str(path), None, None)
    floors = [floor(cluster, shape) for _ in range(repeat)]
    measured = [measure(cluster, shape, loaded) for _ in range(repeat + 1)][1:]
    found = Figure(*(statistics.median(values) for values in zip(*measured, strict=True)))
    return found, statistics.median(floors)


def _row(cluster: Cluster, folder: Path, shape: Shape, workers: int, repeat: int) -> dict[str, Any]:
    found, bare = figure_of(cluster, folder, shape, repeat)
    print(
        f"{shape.name:6} {shape.about:38} {found.seconds:8.3f} {bare:8.3f} {found.seconds / bare:5.1f}x {found.submit_p99:13.1f} "
        f"{found.commits:8.3f} {found.trips:6.2f}",
        flush=True,
    )
    return {"workload": shape.name, "store": "postgres", "workers": workers, "floor": bare, **found._asdict()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", metavar="W", help="workloads, as in: W1 W4")
    parser.add_argument("--workers", nargs="*", type=int, default=[1, 3], help="how many (1, and then 3)")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full sizes, for a quick look (1.0)")
    parser.add_argument("--save", action="store_true", help=f"append the figures to {history.HISTORY.name}")
    return parser.parse_args()


if __name__ == "__main__":
    with closing(sys.stdout):
        sys.exit(main())
