"""A role in the foreground goes on until SIGTERM or Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def until_stopped() -> Iterator[Callable[[], bool]]:
    """Gives what tells whether it is to end."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    before = [(number, signal.signal(number, stop)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        yield lambda: bool(stopped)
    finally:
        for number, handler in before:
            signal.signal(number, handler)
