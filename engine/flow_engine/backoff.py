"""How long to wait before something that fails is tried again."""

from flow_lang.named import NamedTuple

_DOUBLINGS = 60
"""More of them would be no float any more, after some days of failures."""


class Backoff(NamedTuple):
    """Seconds between attempts: `first`, and twice as many each time, up to `last`."""

    first: float
    last: float

    def pause(self, failures: int) -> float:
        """The seconds after so many failures in a row, counted from 1."""
        return min(self.first * 2.0 ** min(failures - 1, _DOUBLINGS), self.last)
