"""One worker process: `python -m queue_chaos.worker STATE URL NAME SEED`. It works until it is killed or nothing is left."""

import random
import sys
import time
from pathlib import Path

from flow_engine.queues.contract import Lease
from flow_engine.queues.reconcile import Reconciler
from flow_engine.queues.redis import RedisQueue
from flow_engine.queues.steady import SteadyQueue

from queue_chaos.state import State


def main(path: str, url: str, name: str, seed: str) -> None:
    state, draw = State(Path(path)), random.Random(seed)
    inner = RedisQueue(url, lease=0.5, answer=1.0)
    reconciler = Reconciler(inner, state, every=0.5)
    queue = SteadyQueue(inner, state, reconciler)
    held: list[Lease] = []
    while state.left():
        hints = [hint for lease in held if (hint := _work(state, lease, name, draw))]
        held, _ = queue.turn(held, hints, draw.randint(1, 20))
        if queue.down_since is None and draw.random() < 0.2:
            queue.reconcile()
        if not held:
            queue.wait(0.1)


def _work(state: State, lease: Lease, name: str, draw: random.Random) -> object:
    attempt = state.claim(lease.hint, name)
    if attempt is None:
        return None
    time.sleep(draw.choice([0.0, 0.0, 0.001, 0.01]))
    return state.complete(lease.hint.task.seq, attempt, name, again=attempt < 2 and draw.random() < 0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
