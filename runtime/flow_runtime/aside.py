"""Runs that are left alone for a while, because the work on them has failed in a way that is not theirs to fail."""

FIRST, MOST = 60.0, 3600.0
"""Seconds for the first time, and the most that doubling makes of it."""


class Aside:
    def __init__(self) -> None:
        self._until: dict[str, tuple[float, float]] = {}
        """Until when, and for how long; one whose time is over is kept as long again, so that the next time is longer."""

    def has(self, run: str, now: float) -> bool:
        return run in self._until and now < self._until[run][0]

    def put(self, run: str, now: float) -> float:
        """For how many seconds."""
        self._until = {name: (until, span) for name, (until, span) in self._until.items() if now < until + 2 * span}
        _, before = self._until.get(run, (0.0, 0.0))
        seconds = min(2 * before or FIRST, MOST)
        self._until[run] = (now + seconds, seconds)
        return seconds
