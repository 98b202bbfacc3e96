"""The names in an expression."""

from collections.abc import Iterator

from flow_lang.diagnostics import Span
from flow_lang.syntax import tree


def expression_names(node: tree.Expr) -> Iterator[tuple[str, Span]]:
    """Every name in an expression, with where it stands; not those of functions."""
    pending: list[tree.Expr] = [node]
    while pending:
        here = pending.pop()
        if isinstance(here, tree.Ref):
            yield here.name, here.span
        elif not isinstance(here, tree.Literal):
            pending += reversed(_inside(here))


def _inside(node: tree.Expr) -> list[tree.Expr]:
    if isinstance(node, tree.Text):
        return [part for part in node.parts if not isinstance(part, tree.Chunk)]
    if isinstance(node, tree.Call):
        target = [] if isinstance(node.target, tree.Ref) else [node.target]
        return [*target, *(argument.value for argument in node.args)]
    if isinstance(node, tree.Binary):
        return [node.left, node.right]
    if isinstance(node, tree.Unary | tree.Is):
        return [node.operand]
    if isinstance(node, tree.Field):
        return [node.base]
    if isinstance(node, tree.Index):
        return [node.base, node.at]
    if isinstance(node, tree.ListOf):
        return list(node.items)
    return [value for _, value in node.fields] if isinstance(node, tree.Record) else []


def shown(node: tree.Expr) -> str:
    """A short name for an expression in a hint."""
    if isinstance(node, tree.Ref):
        return node.name
    if isinstance(node, tree.Field):
        return f"{shown(node.base)}.{node.name.text}"
    return "..."


def called(node: object, name: str) -> tree.Call | None:
    """The node, where it is a call of that function."""
    is_call = isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name == name
    return node if is_call and isinstance(node, tree.Call) else None
