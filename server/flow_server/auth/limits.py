"""Token buckets, in the memory of this process: each replica of a server counts for itself."""

import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 10_000
"""Keys that are known at once; the one that was asked for longest ago goes first, and starts anew when it comes back."""


class Buckets:
    """Each key has `burst` tokens at first and at most, and `rate` more a second."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """0 where there was a token, which is taken; else the seconds until there is one."""
        wait = self.wait(key)
        if not wait:
            left, at = self._kept[key]
            self._kept[key] = (left - 1.0, at)
        return wait

    def wait(self, key: str) -> float:
        """The same without taking one."""
        now = self._clock()
        left, at = self._kept.get(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        self._kept[key] = (left, now)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return 0.0 if left >= 1.0 else (1.0 - left) / self._rate
