from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass
class Score:
    value: float


def score(table: Path, kind: Literal["fast", "exact"], weight: float = 1.0) -> Score:
    return Score(weight * len(kind) * len(table.name))


def untyped(x) -> int:
    return x


def broad(x: int | str) -> int:
    return int(x)
