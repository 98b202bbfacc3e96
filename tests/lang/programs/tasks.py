from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict


@dataclass
class Score:
    name: str
    value: float
    tags: list[str]


class Options(TypedDict):
    limit: int
    kind: Literal["fast", "exact"]


def score(table: Path, options: Options, weight: float = 1.0) -> Score:
    return Score(table.stem, weight * options["limit"], [])


def best(scores: list[Score], note: str | None = None) -> Score | None:
    return max(scores, key=lambda s: s.value, default=None)


def show(value: Any) -> None:
    print(value)
