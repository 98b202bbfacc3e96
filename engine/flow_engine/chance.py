"""Random numbers for delays. Python's generator is loaded when the first is drawn, since most runs draw none."""


def draw() -> float:
    """In [0, 1)."""
    import random

    return random.random()
