"""A state that many hosts share: its store in PostgreSQL, and its queue in Redis or Valkey."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from flow_engine.chance import draw
from flow_engine.errors import MissingLibrary, QueueDown, StoreError
from flow_engine.model import Hint
from flow_engine.queues.contract import SharedQueue
from flow_engine.stores.open import open_shared_state
from flow_engine.stores.shared import SharedStore

from flow_runtime.state_folder import StateFolder, usable

if TYPE_CHECKING:
    from flow_engine.queues.redis import RedisQueue

ANSWER = 1.0
"""Seconds that the queue may take to answer: while it does not, nothing else of a worker goes on."""
PAUSE = 5.0
"""Seconds for which a queue that does not serve is told nothing of new runs."""


def open_shared(state: StateFolder, draw: Callable[[], float] = draw) -> SharedStore:
    """The queue hears of runs that are submitted through it. Raises StoreError."""
    try:
        store = open_shared_state(state.database_url, draw, lease=state.lease)
    except StoreError as error:
        raise type(error)(f"FLOW_DATABASE: {error}") from error
    with usable(state):
        state.make()
    if state.queue_url:
        store.announce = Crier(state.queue_url).cry
    return store


def open_queue(url: str) -> "RedisQueue":
    """Raises StoreError where the library is missing or the URL is none."""
    try:
        from flow_engine.queues.redis import RedisQueue

        return RedisQueue(url, answer=ANSWER)
    except (MissingLibrary, ValueError) as error:
        raise StoreError(f"FLOW_QUEUE cannot be used: {error}") from error


def need_safe(queue: "RedisQueue") -> None:
    """Raises Unsuitable where the queue would throw away what it is given. One that does not answer is looked at when a worker starts anew."""
    with suppress(QueueDown):
        queue.check()


class Crier:
    """Tells the queue of runs that wait for a worker. What it misses, the reconciliation brings."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: SharedQueue | None = None
        self._silent_until = 0.0

    def cry(self, namespace: str, hints: list[Hint]) -> None:
        if time.monotonic() < self._silent_until:
            return
        try:
            if self._queue is None:
                self._queue = open_queue(self._url)
            self._queue.push(hints, namespace)
        except QueueDown:
            self._silent_until = time.monotonic() + PAUSE
