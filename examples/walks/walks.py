"""Random walks on a line: after n steps one is about the square root of n away."""

import math
import random
from pathlib import Path
from typing import TypedDict


class Drawn(TypedDict):
    root_mean_square: float
    picture: Path


def walk(seed: int, steps: int) -> int:
    """Where a walk of so many steps of 1 or -1 ends."""
    print("walking", seed)
    chance = random.Random(seed)
    return 2 * chance.getrandbits(steps).bit_count() - steps


def spread(ends: list[int], columns: int) -> Drawn:
    """A bar for each walk, the longest of them `columns` wide."""
    longest = max(map(abs, ends)) or 1
    bars = [f"{end:6} {'#' * round(columns * abs(end) / longest)}" for end in ends]
    picture = Path("walks.txt")
    picture.write_text("\n".join(bars) + "\n", encoding="utf-8")
    return {"root_mean_square": math.sqrt(sum(end * end for end in ends) / len(ends)), "picture": picture}
