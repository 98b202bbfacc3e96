"""The garbage collector waits while a large file is read.

A tree and a plan are hundreds of thousands of tuples without a circle. The collector would walk over all of them again and again as they grow, which
takes a third of the time of a compile; counting references frees them without it. What is new after a large check counts as old at once: the one walk
over it that would follow takes a twelfth more. A check leaves a dozen circles, which hold the text of the file, so that the old ones are collected
after some checks: nobody else would, since what counts as old at once is not counted.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 5_000
"""So many new objects are walked over at once: it takes no time, and the collector goes on as it does everywhere."""
MANY = 500_000
"""So many objects that nobody has walked over, dead or alive, and the next check begins with a full collection."""


class _Unwalked:
    """How many objects were made old by checks since the last full collection."""

    count = 0


@contextmanager
def waiting_collector() -> Iterator[None]:
    """The collector of the whole process waits inside, unless it was off before. Two threads at once may wake it early, which costs time only."""
    if not gc.isenabled():
        yield
        return
    if _Unwalked.count > MANY:
        _Unwalked.count = 0
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        _age()
        gc.enable()


def _age() -> None:
    """What is new counts as old, unless somebody keeps objects away from the collector, which `unfreeze` would give to it."""
    new = gc.get_count()[0]
    if new > FEW and not gc.get_freeze_count():
        _Unwalked.count += new
        gc.freeze()
        gc.unfreeze()
