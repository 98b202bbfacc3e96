"""How far to send work ahead of a slot."""

AHEAD_SECONDS = 0.02
"""How much work, by the average of late bodies, is sent to a slot at once."""
AHEAD_LIMIT = 128
"""Items at most; half of what the start cursor remembers. Measured on fans and layers of no-ops: 64 leaves slots idle during commits."""
AHEAD_SIZE = 4 << 20
"""Characters that are sent to a slot at once, or that it gives before they are taken: what is large takes as much of the engine's memory."""


WORTH_SHARING = 0.0005
"""Seconds that a body takes at least for which another worker is asked: to lend a task takes about half of that in both, and in the database."""


class Pace:
    """How far to send ahead: the average time of the last bodies, a new one counting for a fifth, and for half where it is shorter: that work
    waits for a transaction which could have been in a slot costs more than that some of it is taken back."""

    def __init__(self) -> None:
        self._average: float | None = None
        self._size = 0.0

    def weigh(self, size: int) -> None:
        """What one body is sent, or gives, in characters. A large one counts at once, and is forgotten by and by."""
        self._size = max(size, self._size * 0.8 + size * 0.2)

    def note(self, seconds: float) -> None:
        if self._average is None:
            self._average = seconds
        else:
            weight = 0.5 if seconds < self._average else 0.2
            self._average += (seconds - self._average) * weight

    @property
    def worth_sharing(self) -> bool:
        return self._average is not None and self._average >= WORTH_SHARING

    def depth(self) -> int:
        if self._average is None:
            return 1
        most = min(AHEAD_LIMIT, int(AHEAD_SIZE / max(self._size, 1.0)))
        return max(1, min(most, int(AHEAD_SECONDS / max(self._average, 1e-6))))
