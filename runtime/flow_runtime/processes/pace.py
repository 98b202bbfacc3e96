"""How far to send work ahead of a slot."""

AHEAD_SECONDS = 0.02
"""How much work, by the average of late bodies, is sent to a slot at once."""
AHEAD_LIMIT = 128
"""Items at most; half of what the start cursor remembers. Measured on fans and layers of no-ops: 64 leaves slots idle during commits."""


class Pace:
    """How far to send ahead: the average time of the last bodies, new ones counting for a fifth."""

    def __init__(self) -> None:
        self._average: float | None = None

    def note(self, seconds: float) -> None:
        self._average = seconds if self._average is None else self._average * 0.8 + seconds * 0.2

    def depth(self) -> int:
        if self._average is None:
            return 1
        return max(1, min(AHEAD_LIMIT, int(AHEAD_SECONDS / max(self._average, 1e-6))))
