"""The time of an engine: the wall's clock as it stood when the engine began, and the passage of time since.

A wall's clock may be set by hours in the middle of a run, forwards or backwards: by whoever mends it, or by a machine that learns the
time after its start. The delays, limits and times of a run must not be stretched or cut by that. Time that the machine sleeps counts.
A clock that was set is followed again when the engine has nothing in hand.
"""

import time
from collections.abc import Callable


def passage() -> float:
    """Seconds that pass whatever the clock is set to, sleep of the machine included where the system tells it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """Called, it gives seconds since the epoch."""

    def __init__(self, wall: Callable[[], float] = time.time, passed: Callable[[], float] = passage) -> None:
        self._wall, self._passed = wall, passed
        self._offset = wall() - passed()

    def __call__(self) -> float:
        return self._passed() + self._offset

    def follow(self) -> None:
        """Takes the time from the wall again."""
        self._offset = self._wall() - self._passed()
