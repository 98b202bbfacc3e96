"""Which expressions have the same value in every run."""

from flow_lang.functions import FUNCTIONS
from flow_lang.plan import Expr


def constant(expr: Expr) -> bool:
    """Whether an expression has the same value in every run: it names nothing and reads no file."""
    if expr[0] in ("lit", "typed"):
        return True
    if expr[0] == "ref" or (expr[0] == "call" and not FUNCTIONS[expr[1]].pure):
        return False
    return all(constant(part) for part in _operands(expr))


def _operands(expr: Expr) -> list[Expr]:
    if expr[0] == "record":
        return [value for _, value in expr[1:]]
    return [part for part in expr[1:] if isinstance(part, list)]
