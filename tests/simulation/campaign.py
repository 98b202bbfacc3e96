"""Runs many seeds: `PYTHONPATH=tests python -m simulation.campaign --seeds 5000 --first 0 --store sqlite`. Prints the seed of each failure."""

import argparse
import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from flow_engine.decisions.rows import Rows
from flow_engine.errors import FlowError
from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.sqlite import SqliteStore

from simulation.world import OpenStore, World

STEPS = 120


def memory(folder: Path) -> OpenStore:
    """All handles are one store, since it has no other."""
    shared: list[Store] = []

    def open_(alive: Callable[[str], bool], draw: Callable[[], float]) -> Store:
        if not shared:
            shared.append(MemoryStore(alive, draw))
        return shared[0]

    return open_


def sqlite(folder: Path) -> OpenStore:
    def open_(alive: Callable[[str], bool], draw: Callable[[], float]) -> Store:
        store = SqliteStore(str(folder / "flow.db"), alive, draw)
        store._connection.execute("PRAGMA synchronous = OFF")  # the power does not fail here
        return store

    return open_


CHUNKS = (1000, 1, 2)
"""How many instances of a `for` a transaction makes, by the seed."""
STORES = {"memory": memory, "sqlite": sqlite}


def simulate(seed: int, store: str, steps: int = STEPS) -> Counter[str]:
    """What happened how often. Raises Violation where a promise does not hold."""
    root = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="flow-simulation-", dir=root) as folder:
        world = World(seed, STORES[store](Path(folder)))
        with patch.object(Rows, "CHUNK", CHUNKS[seed % len(CHUNKS)]):
            try:
                world.live_through(steps)
            finally:
                world.close()
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
