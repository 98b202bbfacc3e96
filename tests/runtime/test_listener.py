"""What a worker hears while it works."""

import select
import threading
import time
from unittest.mock import Mock

from flow_engine.queues.contract import SharedQueue
from flow_runtime.lending.listener import Listener

LIMIT = 10.0


def test_a_knock_that_is_followed_by_work_is_heard() -> None:
    """Only the last of the two was told where the worker had begun to wait for more between them: it read its mail up to a second later."""
    closing, asked_again = threading.Event(), threading.Event()

    def wait(seconds: float, worker: str, work: bool) -> str:
        if said:
            return said.pop(0)
        asked_again.set()
        closing.wait(LIMIT)
        return ""

    said = ["knock", "work"]
    queue = Mock(spec=SharedQueue)
    queue.wait.side_effect = wait
    listener = Listener(queue, "w1")
    try:
        end = time.monotonic() + LIMIT
        while not asked_again.wait(0.01) and time.monotonic() < end:
            listener.listen(True)
        assert select.select([listener.descriptor], [], [], LIMIT)[0]
        assert listener.rung() == {"knock", "work"}
        assert listener.rung() == set()
        assert not select.select([listener.descriptor], [], [], 0.0)[0]
    finally:
        closing.set()
        listener.close()
