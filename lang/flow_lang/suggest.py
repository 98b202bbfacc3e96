"""Did you mean: the known name nearest to a wrong one."""

from collections.abc import Iterable
from itertools import islice
from typing import Self

_MOST = 2000
"""Names that are looked at: in a huge file a suggestion is not worth seconds."""


class Meant(str):
    """A hint that says which name was meant for a `wrong` one: `right`."""

    wrong: str
    right: str

    def __new__(cls, wrong: str, right: str) -> Self:
        hint = super().__new__(cls, f"did you mean `{right}`?")
        hint.wrong, hint.right = wrong, right
        return hint


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The closest of `known`, or None where nothing is close. Case and a transposition cost little."""
    limit = max(1, len(word) // 3) + 0.5 if len(word) > 2 else len(word) / 2
    near = (name for name in islice(known, _MOST) if abs(len(name) - len(word)) <= limit)
    ranked = [(distance(word, name, limit), name) for name in near]
    best = min(ranked, default=None)
    return best[1] if best is not None and best[0] <= limit else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint: the nearest name, or else `otherwise`."""
    found = nearest(word, known)
    return Meant(word, found) if found else otherwise


def listed(names: Iterable[str], none: str = "none") -> str:
    """`a`, `b` and `c`, at most eight of them."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > 8:
        return ", ".join(quoted[:8]) + " and more"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted) or none


def distance(left: str, right: str, limit: float) -> float:
    """Damerau-Levenshtein distance in which a change of case counts a half; more than `limit` may be returned as it stands."""
    before: list[float] = []
    row: list[float] = [float(i) for i in range(len(right) + 1)]
    for i, a in enumerate(left, 1):
        before, last = row, before
        row = [float(i)]
        for j, b in enumerate(right, 1):
            change = 0.0 if a == b else 0.5 if a.lower() == b.lower() else 1.0
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + change)
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
