"""Runs that are left alone for a while, because the work on them has failed in a way that is not theirs to fail."""

from flow_engine.backoff import Backoff

PAUSES = Backoff(60.0, 3600.0)


class Aside:
    def __init__(self) -> None:
        self._until: dict[str, tuple[float, int]] = {}
        """Until when, and after how many failures; one whose time is over is kept as long again, so that the next time is longer."""

    def has(self, run: str, now: float) -> bool:
        return run in self._until and now < self._until[run][0]

    def put(self, run: str, now: float) -> float:
        """For how many seconds."""
        self._until = {
            name: (until, failures)
            for name, (until, failures) in self._until.items()
            if now < until + 2 * PAUSES.pause(failures)
        }
        failures = self._until.get(run, (0.0, 0))[1] + 1
        seconds = PAUSES.pause(failures)
        self._until[run] = (now + seconds, failures)
        return seconds
