"""Waits for a knock while the worker waits for its slots: a thread that makes a descriptor readable."""

import os
import threading
from collections import deque
from contextlib import suppress

from flow_engine.errors import QueueDown
from flow_engine.queues.contract import SharedQueue, Woken

LONGEST = 1.0
"""Seconds that one wait lasts: so soon it hears that it is to end, or to wait for something else."""
DOWN = 0.5
"""Seconds until it asks a queue again that does not serve."""


class Listener:
    """`queue` is for this thread alone. `descriptor` can be read when somebody has knocked, or there is work."""

    def __init__(self, queue: SharedQueue, worker: str) -> None:
        self._queue = queue
        self.worker = worker
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wanted = threading.Event()
        self._work = False
        self._heard: deque[Woken] = deque()
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="flow-listener", daemon=True)
        self._thread.start()

    def listen(self, work: bool) -> None:
        """Goes on waiting: after it has rung it rests until then."""
        self._work = work
        self._wanted.set()

    def rung(self) -> set[Woken]:
        """All that it has heard since it was asked last."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)
        return {self._heard.popleft() for _ in range(len(self._heard))}

    def ends(self) -> None:
        """After the next knock, at the latest when its wait is over."""
        self._closing = True
        self._wanted.set()

    def close(self) -> None:
        self.ends()
        self._thread.join()
        os.close(self.descriptor)

    def _listen(self) -> None:
        pause = threading.Event()
        while not self._closing:
            self._wanted.wait()
            try:
                heard = self._queue.wait(LONGEST, self.worker, self._work)
            except QueueDown:
                pause.wait(DOWN)  # the worker itself tells of it, and looks into the store
                continue
            if heard and not self._closing:
                self._wanted.clear()
                self._heard.append(heard)
                os.eventfd_write(self.descriptor, 1)
