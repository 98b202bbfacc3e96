"""Expressions that have one of several values: what each of them is, for whoever asks whether all are right."""

import ast
from typing import Any


def note(node: ast.expr, *parts: tuple[ast.expr, Any]) -> None:
    """`node` has the value of one of the parts, each with its sample value."""
    setattr(node, _NOTE, parts)


def branches(node: ast.expr) -> tuple[tuple[ast.expr, Any], ...]:
    """What was noted of an expression."""
    found: tuple[tuple[ast.expr, Any], ...] = getattr(node, _NOTE, ())
    return found


def note_keys(node: ast.Dict, keys: list[Any]) -> None:
    """What the keys of a dict are, which need not be written texts."""
    setattr(node, _KEYS, tuple(keys))


def keys_of(node: ast.expr) -> tuple[Any, ...]:
    found: tuple[Any, ...] = getattr(node, _KEYS, ())
    return found


_KEYS = "flow_keys"
_NOTE = "flow_branches"
"""The attribute of a node: names that the node stands beside are those of its scope, which is gone when it is asked."""
