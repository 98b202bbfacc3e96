"""The garbage collector waits while a large file is read.

A tree and a plan are hundreds of thousands of tuples without a circle. The collector would walk over all of them again and again as they grow, which
takes a third of the time of a compile; counting references frees them without it.
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
        gc.enable()
