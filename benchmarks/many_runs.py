"""W6: `many_runs.py FILE COUNT BATCH` submits COUNT runs of a file, BATCH of them durable before the next, works on all, prints seconds.

It stands in a process of its own, because the engine forks its slots from it.
"""

import os
import sys
import time

from flow_engine.ids import new_id
from flow_engine.model import NewRun
from flow_runtime.embedded import Embedded
from flow_runtime.plans import Loaded, load_plan
from flow_runtime.state_folder import find_state


def main(file: str, count: int, batch: int) -> float:
    state = find_state(os.path.dirname(file))
    loaded = load_plan(file, None, state)
    engine = Embedded(state, 2)
    try:
        engine.worker.step(0.0)
        start = time.perf_counter()
        runs = []
        for first in range(0, count, batch):
            news = [_new(engine, loaded) for _ in range(min(batch, count - first))]
            runs += [submitted.run for submitted in engine.store.submit_all(news)]
        for run in runs:
            engine.worker.adopt(run)
        while not engine.worker.idle:
            engine.worker.step()
        seconds = time.perf_counter() - start
        ended = [run.state for run in map(engine.store.run, runs)]
        assert ended == ["succeeded"] * count, sorted(set(ended))
        return seconds
    finally:
        engine.close()


def _new(engine: Embedded, loaded: Loaded) -> NewRun:
    assert loaded.plan is not None
    now = time.time()
    return NewRun(
        new_id(now, os.urandom),
        loaded.plan_hash,
        loaded.plan,
        loaded.bundle,
        {},
        loaded.folder,
        now,
        owner=engine.incarnation.id,
    )


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
