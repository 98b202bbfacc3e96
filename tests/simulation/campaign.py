"""Runs many seeds: `PYTHONPATH=tests python -m simulation.campaign --seeds 5000 --first 0 --store sqlite`. Prints the seed of each failure."""

import argparse
import os
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import psycopg
from flow_engine.decisions.rows import Rows
from flow_engine.errors import FlowError
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


def simulate(seed: int, store: str, steps: int = STEPS) -> Counter[str]:
    """What happened how often. Raises Violation where a promise does not hold."""
    root = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="flow-simulation-", dir=root) as folder:
        with STORES[store](Path(folder)) as open_, patch.object(Rows, "CHUNK", CHUNKS[seed % len(CHUNKS)]):
            world = World(seed, open_, BROKEN.get(store))
            world.live_through(steps)
        return Counter(world.counts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation.campaign")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--store", choices=STORES, action="append")
    given = parser.parse_args()
    failures = 0
    for store in given.store or list(STORES):
        began, total = time.monotonic(), Counter[str]()
        for seed in range(given.first, given.first + given.seeds):
            try:
                total += simulate(seed, store, given.steps)
            except (AssertionError, FlowError, LookupError, TypeError, ValueError):
                failures += 1
                print(f"--- {store}, seed {seed}\n{traceback.format_exc(limit=-4)}", flush=True)
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(total.items()))
        print(f"{store}: {given.seeds:,} seeds in {time.monotonic() - began:.0f} s, {failures} failures: {counts}")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
