"""Time that passes only when nothing else can happen."""

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z: where the time of every test starts, so that a test tells the same each day."""


class VirtualClock:
    """Seconds since the epoch, as the engine asks for them."""

    def __init__(self, start: float = START) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now

    def advance(self, to: float) -> None:
        self.now = max(self.now, to)
