"""The garbage collector waits while a large file is read.

A tree and a plan are hundreds of thousands of tuples without a circle. The collector would walk over all of them again and again as they grow, which
takes a third of the time of a compile; counting references frees them without it. What is new afterwards counts as old at once: the one walk over
it that would follow takes a twelfth more. What a check leaves has few circles, a dozen for a file, which the next full collection finds.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def waiting_collector() -> Iterator[None]:
    """The collector of the whole process waits inside, unless it was off before. Two threads at once may wake it early, which costs time only."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if (
            not gc.get_freeze_count()
        ):  # else somebody keeps objects away from the collector, which `unfreeze` would give to it
            gc.freeze()
            gc.unfreeze()
        gc.enable()
