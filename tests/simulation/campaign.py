"""Runs many seeds: `PYTHONPATH=tests python -m simulation.campaign --seeds 5000 --first 0 --store postgres --queue redis`. Prints the seed of
each failure."""

import argparse
import os
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest.mock import patch

import psycopg
from flow_engine.backoff import Backoff
from flow_engine.decisions.rows import Rows
from flow_engine.errors import FlowError
from flow_engine.stores.postgres import session
from support import shared_queues
from support.shared_queues import Service
from support.stores import QUICK

from simulation.world import World

STEPS = 120


CHUNKS = (1000, 1, 2)
"""How many instances of a `for` a transaction makes, by the seed."""
STORES = QUICK
BROKEN = {
    "sqlite": sqlite3.OperationalError("disk I/O error"),
    "postgres": psycopg.errors.DiskFull("no space left on device"),
}
"""What a write raises that fails."""
QUEUES: dict[str, Callable[[], AbstractContextManager[Service | None]]] = {"own": nullcontext, **shared_queues.QUEUES}
AT_ONCE = Backoff(0.0, 0.0)
"""The server is back when it is asked."""


def simulate(seed: int, store: str, steps: int = STEPS, queue: str = "own") -> Counter[str]:
    """What happened how often. Raises Violation where a promise does not hold. `queue`: the workers' own, or one that they share."""
    root = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="flow-simulation-", dir=root) as folder:
        with (
            STORES[store](Path(folder)) as open_,
            QUEUES[queue]() as service,
            patch.object(Rows, "CHUNK", CHUNKS[seed % len(CHUNKS)]),
            patch.object(session, "_RETRIES", AT_ONCE),
            patch.object(session, "_COLLIDED", AT_ONCE),
        ):
            world = World(seed, open_, BROKEN.get(store), service)
            world.live_through(steps)
        return Counter(world.counts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation.campaign")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--store", choices=STORES, action="append")
    parser.add_argument("--queue", choices=QUEUES, default="own", help="a shared one goes with --store postgres")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no seed after them")
    given = parser.parse_args()
    failures = 0
    for store in given.store or list(STORES):
        began, total, seeds = time.monotonic(), Counter[str](), 0
        for seed in range(given.first, given.first + given.seeds):
            if time.monotonic() - began > 60 * given.minutes:
                break
            seeds += 1
            try:
                total += simulate(seed, store, given.steps, given.queue)
            except (AssertionError, FlowError, LookupError, TypeError, ValueError):
                failures += 1
                print(f"--- {store}, seed {seed}\n{traceback.format_exc(limit=-4)}", flush=True)
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(total.items()))
        print(
            f"{store}, {given.queue} queue: {seeds:,} seeds in {time.monotonic() - began:.0f} s, {failures} failures: {counts}"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
