"""The loop of a role that looks into the state: until it is told to stop, and again after a failure of the state."""

import time
from collections.abc import Callable

from flow_engine.backoff import Backoff
from flow_engine.errors import StoreError

REST = 0.5
"""Seconds between two looks where nothing waits."""
RETRIES = Backoff(0.1, 5.0)
"""Before a new start after a failure of the state."""
NAP = 0.1


class RoleLoop:
    """`say` hears of trouble, `is_over` tells it to end."""

    def __init__(self, say: Callable[[str], None], is_over: Callable[[], bool]) -> None:
        self._say = say
        self.is_over = is_over

    def run(self, live: Callable[[], None]) -> None:
        """`live` goes on until `is_over`, or raises StoreError."""
        failures = 0
        while not self.is_over():
            began = time.monotonic()
            try:
                live()
            except StoreError as error:
                # a life that went well for some time starts the backoff anew
                failures = 1 if time.monotonic() - began > 10 * RETRIES.last else failures + 1
                self._say(f"trying again: {error}")
                self.pause(RETRIES.pause(failures))

    def steps(self, step: Callable[[], int]) -> None:
        """`step` says how much it has done."""
        while not self.is_over():
            if not step():
                self.pause(REST)

    def pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_over() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, NAP))
