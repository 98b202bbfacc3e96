"""Hints: how to get from a value that is there to the one that is asked for."""

import re

from flow_lang.checks.types.assignable import assignable
from flow_lang.syntax import tree
from flow_lang.types import FILE, Type

_MOMENT = 'a datetime is written datetime("2026-01-31T12:00:00+01:00")'
_DATES = {
    ("date", "str"): "a date is made from text with date(...)",
    ("date", "datetime"): "date(...) is the day of a datetime",
    ("datetime", "date"): _MOMENT,
    ("datetime", "str"): _MOMENT,
}


def conversion(type_: Type, want: Type, node: tree.Expr) -> str:
    """How to get from one type to the other, where there is a way."""
    if isinstance(node, tree.Text) and node.plain is not None:
        unquoted = _unquoted(node.plain, want)
        if unquoted:
            return unquoted
    if want.kind == "bool" and type_.kind in ("str", "enum", "int", "float", "list"):
        return _condition(type_, node)
    if want.kind == "str" and type_.kind in ("int", "float", "bool", "date", "datetime", "duration", "size", "file"):
        return (
            f'turn it into text: "~{{{node.name}}}"'
            if isinstance(node, tree.Ref)
            else "turn it into text with str(...)"
        )
    if want.kind in ("file", "dir") and type_.kind in ("json", "str"):
        return _of_a_path(type_, want)
    if (want.kind, type_.kind) in _DATES:
        return _DATES[want.kind, type_.kind]
    if want.kind in ("int", "float") and type_.kind in ("str", "float", "json"):
        return f"turn it into a number with {want.kind}(...)"
    if want.kind == "list" and want.item and assignable(type_, want.item):
        return "put it in a list: [...]"
    if type_.kind == "list" and type_.item is not None:
        hint = _of_a_list(type_.item, want)
        if hint:
            return hint
    if want.kind in ("duration", "size") and type_.kind in ("int", "float"):
        return _unit(want, node)
    return f"write a value of type `{want}`"


def operator_hint(op: str, left: Type, right: Type) -> str:
    if op == "+" and "str" in (left.kind, right.kind):
        return 'put values into a text with "~{...}"'
    if op == "in":
        return "the right side of `in` is a list, a map or a text"
    if op in ("==", "!=", "<", "<=", ">", ">="):
        return "only values of one type are compared; convert one side"
    if FILE in (left, right):
        return "a file has `.path`, `.name`, `.stem` and `.size`"
    return "convert one side, for example with int(...), float(...) or str(...)"


def _unit(want: Type, node: tree.Expr) -> str:
    if want.kind == "size":
        return "a size has a unit: 0B, 64KiB, 512MiB, 2GB"
    shown = node.text if isinstance(node, tree.Literal) else "30"
    return f"a duration has a unit: {shown}s, {shown}m or {shown}h"


def _unquoted(plain: str, want: Type) -> str:
    """For a value in quotes that is none with them."""
    if want.kind in ("int", "float", "duration", "size") and re.fullmatch(r"\d[\w.]*", plain):
        return f"leave the quotes out: {plain}"
    if want.kind == "bool" and plain in ("true", "false"):
        return f"leave the quotes out: {plain}"
    return 'a condition stands without quotes, a text in it has them: region == "eu"' if want.kind == "bool" else ""


def _of_a_path(type_: Type, want: Type) -> str:
    if type_.kind == "json":
        return f"JSON holds no {want.kind}; make one of its path: {want.kind}(str(...))"
    return f"a {want.kind} is made from its path with {want.kind}(...)"


def _of_a_list(item: Type, want: Type) -> str:
    if want.kind == "list" and item.kind == "optional":
        return "its elements may be absent; the results that there are, without `.all`, leave such instances out"
    return "this is a whole list; take one element, or run the task `for` each" if assignable(item, want) else ""


def _condition(type_: Type, node: tree.Expr) -> str:
    if isinstance(node, tree.Literal):
        return "write true or false"
    name = node.name if isinstance(node, tree.Ref) else "x"
    if type_.kind == "list":
        return f"a condition is true or false: count({name}) > 0"
    return (
        f'a condition is true or false: {name} == "..."'
        if type_.kind in ("str", "enum")
        else f"a condition is true or false: {name} > 0"
    )
