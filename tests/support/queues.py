"""Hints, and a queue that goes on while its server is down."""

import time

from flow_engine.model import Hint, TaskRef
from flow_engine.queues.reconcile import Reconciler
from flow_engine.queues.redis import RedisQueue
from flow_engine.queues.steady import SteadyQueue

from support.truth import Truth


def hints(count: int, run: str = "run") -> list[Hint]:
    now = time.time()
    return [Hint(now, now, TaskRef(run, seq)) for seq in range(count)]


def steady(queue: RedisQueue, truth: Truth) -> SteadyQueue:
    return SteadyQueue(queue, truth, Reconciler(queue, truth, every=0.0))
