"""What a condition tells about which values are present: after `x is present and ...`, x is."""

from collections.abc import Iterator
from contextlib import contextmanager

from flow_lang.checks.expressions.core import Expressions
from flow_lang.syntax import tree


def path(node: tree.Expr) -> str:
    """A name, or fields of one, in one text: `order.note`; "" for any other expression."""
    names: list[str] = []
    while isinstance(node, tree.Field):
        names.append(node.name.text)
        node = node.base
    return ".".join((node.name, *reversed(names))) if isinstance(node, tree.Ref) else ""


def present_where(node: tree.Expr, truth: bool) -> Iterator[str]:
    """The paths that are present wherever the condition is true (or false)."""
    if isinstance(node, tree.Unary) and node.op == "not":
        yield from present_where(node.operand, not truth)
    elif isinstance(node, tree.Binary) and node.op == ("and" if truth else "or"):
        yield from present_where(node.left, truth)
        yield from present_where(node.right, truth)
    elif isinstance(node, tree.Is) and (node.negated != truth) == (node.word.text == "present"):
        whole = path(node.operand)
        parts = whole.split(".") if whole else []
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


@contextmanager
def narrowed(core: Expressions, condition: tree.Expr, truth: bool) -> Iterator[None]:
    """What is checked inside knows what the condition tells."""
    before = core.scope.known_present
    core.scope.known_present = before | frozenset(present_where(condition, truth))
    yield
    core.scope.known_present = before
