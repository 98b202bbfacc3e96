"""Which expressions have the same value in every run."""

from collections.abc import Iterator

from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.functions import FUNCTIONS
from flow_lang.plan import Expr


def constant(expr: Expr) -> bool:
    """Whether an expression has the same value in every run: it names nothing and reads no file."""
    if expr[0] in ("lit", "typed"):
        return True
    if expr[0] == "ref" or (expr[0] == "call" and not FUNCTIONS[expr[1]].pure):
        return False
    return all(constant(part) for part in _operands(expr))


def references(expr: Expr) -> Iterator[str]:
    """The names in an expression, in order."""
    if expr[0] == "ref":
        yield expr[1]
    elif expr[0] not in ("lit", "typed"):
        for part in _operands(expr):
            yield from references(part)


def _operands(expr: Expr) -> list[Expr]:
    if expr[0] == "record":
        return [value for _, value in expr[1:]]
    return [part for part in expr[2 if expr[0] in ("as", "call") else 1 :] if isinstance(part, list)]


def no_value(expr: Expr) -> str:
    """Why a call of literals has no value in any run, or ""."""
    try:
        if all(part[0] in ("lit", "typed") or part == ["list"] for part in expr[2:]):
            evaluate(expr, {})
    except EvaluationError as error:
        return str(error)
    return ""


def always_false(expr: Expr) -> bool:
    """Whether a condition is false whatever the run: one of its sides of `and` is."""
    if expr[0] == "and":
        return always_false(expr[1]) or always_false(expr[2])
    try:
        return constant(expr) and evaluate(expr, {}) is False
    except EvaluationError:
        return False
