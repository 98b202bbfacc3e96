"""The instances of a `for` with several clauses."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flow_lang.evaluate import EvaluationError
from flow_lang.plan import Clause, Expr
from flow_lang.values import encode

MAX_INSTANCES = 1_000_000
"""Instances that one `for` may have."""

Evaluate = Callable[[Expr, Mapping[str, Any]], Any]
"""The list that an expression gives, with the variables of the loops around it."""


class TooManyInstances(ValueError):
    pass


def in_step(sizes: Mapping[str, int]) -> int:
    """The one length of lists that go in step; the names are those of their variables."""
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{var} has {size:,}" for var, size in sizes.items())
        raise EvaluationError(f"`zip` needs lists of the same length: {told}")
    return checked(next(iter(sizes.values())))


def checked(size: int) -> int:
    if size > MAX_INSTANCES:
        raise TooManyInstances(f"the list has {size:,} elements; a `for` may have {MAX_INSTANCES:,} instances")
    return size


def nested(clauses: Sequence[Clause], evaluate: Evaluate) -> list[dict[str, Any]]:
    """The variables of every instance, in their JSON form: the outer loop first, row by row."""
    levels = _levels(clauses)
    rows: list[dict[str, Any]] = []

    def descend(depth: int, values: dict[str, Any], encoded: dict[str, Any]) -> None:
        if depth == len(levels):
            rows.append(encoded)
            checked(len(rows))
            return
        level = levels[depth]
        lists = [evaluate(clause.source, values) for clause in level]
        in_step({clause.var: len(items) for clause, items in zip(level, lists, strict=True)})
        for elements in zip(*lists, strict=True):
            here = {clause.var: value for clause, value in zip(level, elements, strict=True)}
            texts = {clause.var: encode(clause.type, here[clause.var]) for clause in level}
            descend(depth + 1, values | here, encoded | texts)

    descend(0, {}, {})
    return rows


def _levels(clauses: Sequence[Clause]) -> list[list[Clause]]:
    levels: list[list[Clause]] = []
    for clause in clauses:
        if clause.zipped:
            levels[-1].append(clause)
        else:
            levels.append([clause])
    return levels
