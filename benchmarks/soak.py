"""Whether many tasks one after another stay as fast and as small as the first: `python benchmarks/soak.py [--tasks 200000] [--save]`.

On PostgreSQL (fsync on, autovacuum as the server has it) and Valkey, with the workers of `distributed.py`. Runs of 102 and of 3 tasks are
submitted so that a few are always open. For each tenth: tasks a second; resident memory of the workers' engines and of the queue; what the
tables of the state take for each task that they keep, and how many of their rows are dead.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import history
from distributed import LIMIT, Cluster, cluster_of
from flow_cli.backends.new_run import new_run
from flow_runtime.plans import Loaded, load_plan
from workloads import Shape, chain, fan, source_of

WIDE, SHORT = 100, 3
WIDE_RUNS, SHORT_RUNS = 10, 50
"""In one batch."""
OPEN = 40
"""Runs that have not ended, below which the next batch is submitted."""
LOOK = 0.1


class Tenth(NamedTuple):
    """At the end of a tenth: `rate` in tasks a second, sizes in bytes, `dead` rows for each living one."""

    tasks: int
    rate: float
    engines: int
    queue: int
    bytes_a_task: float
    dead: float


class Soak:
    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._wide = _loaded(folder, "W2", fan(WIDE))
        self._short = _loaded(folder, "W6", chain(SHORT))
        self._sizes = {"w2": WIDE + 2, "w6": SHORT}

    def run(self, tasks: int) -> list[Tenth]:
        tenths: list[Tenth] = []
        before, since = self._done()[0], time.perf_counter()
        until = time.monotonic() + LIMIT
        while len(tenths) < 10:
            done, opened = self._done()
            if opened < OPEN:
                self._submit()
            if done >= tasks * (len(tenths) + 1) // 10:
                now = time.perf_counter()
                tenths.append(self._tenth(done, (done - before) / (now - since)))
                print(_line(tenths[-1]), flush=True)
                before, since = done, time.perf_counter()
                until = time.monotonic() + LIMIT
            if time.monotonic() > until:
                raise TimeoutError(f"a tenth of {tasks} tasks is not done after {LIMIT:g} s")
            time.sleep(LOOK)
        return tenths

    def _submit(self) -> None:
        store = self._cluster.store
        store.submit_all([new_run(None, self._wide, {}) for _ in range(WIDE_RUNS)])
        store.submit_all([new_run(None, self._short, {}) for _ in range(SHORT_RUNS)])

    def _done(self) -> tuple[int, int]:
        """Tasks of runs that have ended, and how many runs have not."""
        sql = "SELECT workflow, finished_at IS NULL, count(*) FROM flow.run GROUP BY 1, 2"
        done = opened = 0
        for workflow, is_open, count in self._cluster.bare.execute(sql):
            done += 0 if is_open else self._sizes[workflow] * count
            opened += count if is_open else 0
        return done, opened

    def _tenth(self, done: int, rate: float) -> Tenth:
        sql = """SELECT sum(pg_total_relation_size(relid)), sum(n_live_tup), sum(n_dead_tup) FROM pg_stat_user_tables
            WHERE schemaname = 'flow'"""
        row = self._cluster.bare.execute(sql).fetchone()
        assert row is not None
        size, living, dead = (float(value) for value in row)
        queue = int(self._cluster.redis.info("memory")["used_memory"])
        return Tenth(done, rate, sum(map(_resident, self._cluster.pids)), queue, size / done, dead / max(living, 1))


def _loaded(folder: Path, name: str, parents: list[list[int]]) -> Loaded:
    path = folder / f"{name}.flow"
    path.write_text(source_of(Shape(name, "", parents), "python"), encoding="utf-8")
    return load_plan(str(path), None, None)


def _resident(pid: int) -> int:
    """Bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _line(tenth: Tenth) -> str:
    tasks, rate, engines, queue, size, dead = tenth
    return f"{tasks:>9,} {rate:>8,.0f} {engines / 2**20:>12.1f} {queue / 2**20:>10.2f} {size:>12,.0f} {dead:>10.3f}"


def main() -> int:
    options = _options()
    print(f"{'tasks':>9} {'tasks/s':>8} {'engines MiB':>12} {'queue MiB':>10} {'bytes a task':>12} {'dead rows':>10}")
    with cluster_of(options.workers) as (cluster, folder):
        tenths = Soak(cluster, folder).run(options.tasks)
    ratio = tenths[-1].rate / tenths[0].rate
    middle = statistics.median(tenth.rate for tenth in tenths)
    print(f"the last tenth at {ratio:.2f} of the speed of the first; median {middle:,.0f} tasks/s")
    if options.save:
        record: dict[str, Any] = {"workload": "soak", "workers": options.workers, "ratio": ratio}
        history.append([{**record, "tenths": [tenth._asdict() for tenth in tenths]}])
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=200_000, help="(200000)")
    parser.add_argument("--workers", type=int, default=3, help="(3)")
    parser.add_argument("--save", action="store_true", help=f"append the figures to {history.HISTORY.name}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
