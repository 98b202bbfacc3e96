"""`value.name` and `value[at]` of sample values."""

import ast
from pathlib import Path
from types import ModuleType
from typing import Any

from flow_lang.checks.python.trial.samples import ANY, TEXT, Iterated, Map, Method, Record, alike, kind
from flow_lang.checks.python.trial.wrong import Wrong
from flow_lang.suggest import did_you_mean, listed

_OF_FILES = {"size": "its size is `.stat().st_size`", "path": "it is the path itself: str(...) is its text"}
"""What a `file` has in expressions, and a Path in Python has otherwise."""
NEWER = frozenset(
    (
        *("walk", "from_uri", "full_match", "copy", "copy_into", "move", "move_into", "info", "is_junction"),
        *("UnsupportedOperation", "batched", "sumprod", "fma", "binomialvariate", "kde", "kde_random", "Placeholder"),
        *("NOFLAG", "UTC", "cbrt", "exp2", "is_none", "is_not_none", "PatternError", "templatelib", "StrEnum"),
    )
)
"""What newer versions of Python have given to paths and modules: another worker may have it."""


def attribute(node: ast.Attribute, value: Any) -> Any:
    """Raises Wrong where no value of its type has it."""
    if value is ANY or isinstance(value, Method):
        return ANY
    name = node.attr
    if isinstance(value, Record) and name in value:
        return value[name]
    if not hasattr(value, name):
        if isinstance(value, Map):
            return value.item
        if _perhaps_newer(value, name):
            return ANY
        raise _no_member(node, value)
    if isinstance(value, ModuleType):
        return of_module(value, name)
    if isinstance(value, type):
        return ANY
    return Method(value, name) if callable(getattr(value, name)) else getattr(value, name)


def of_module(module: ModuleType, name: str) -> Any:
    """Its functions are not called, but have a signature; of all else nothing is known."""
    value = getattr(module, name, ANY)
    if value is Path:
        return Path
    return Method(module, name) if callable(value) and not isinstance(value, type) else ANY


def _perhaps_newer(value: Any, name: str) -> bool:
    """Whether a newer Python than the one that checks may have it: what it takes for a slip it has not."""
    return isinstance(value, Path | ModuleType) and name in NEWER


def _no_member(node: ast.Attribute, value: Any) -> Wrong:
    names = [name for name in dir(value) if not name.startswith("_")]
    if isinstance(value, Record):
        fields = list(value.type.names)
        hint = did_you_mean(node.attr, fields, f"its fields are {listed(fields)}")
        return Wrong(node, f"{kind(value)} has no field `{node.attr}`", hint, f"{value.type}.{node.attr}")
    hint = f"correct the name; print(dir({ast.unparse(node.value)[:40]})) shows which there are"
    if isinstance(value, Path) and node.attr in _OF_FILES:
        hint = f"a `file` is a Path in Python; {_OF_FILES[node.attr]}"
    return Wrong(node, f"{kind(value)} has no `{node.attr}`", did_you_mean(node.attr, names, hint))


def element(node: ast.Subscript, value: Any, at: Any) -> Any:
    """Raises Wrong where no value of its type has such a place."""
    if value is ANY or isinstance(value, Method) or (hasattr(value, "__class_getitem__") and isinstance(value, type)):
        return ANY
    if isinstance(value, Iterated | type) or not hasattr(value, "__getitem__"):
        raise Wrong(
            node, f"{kind(value)} has no elements", "leave the brackets out, or take an element of something else"
        )
    if isinstance(value, Map):
        return value.item
    if at is ANY and not (isinstance(node.slice, ast.Tuple) and isinstance(value, list | tuple | str)):
        return ANY
    if isinstance(value, Record):
        return _field(node, value, at)
    return _place(node, value, at) if isinstance(value, list | tuple | str) else ANY


def _field(node: ast.Subscript, value: Record, at: Any) -> Any:
    if isinstance(at, str) and at in value:
        return value[at]
    if isinstance(at, list | dict | set):
        raise Wrong(node.slice, f"{kind(value)} has no field that is {kind(at)}", "a field is named by a text")
    if isinstance(node.slice, ast.Constant):
        fields = list(value.type.names)
        hint = did_you_mean(str(at), fields, f"its fields are {listed(fields)}")
        raise Wrong(node.slice, f"{kind(value)} has no field {at!r}", hint, f"{value.type}.{at}")
    return ANY


def _place(node: ast.Subscript, value: Any, at: Any) -> Any:
    if isinstance(at, slice):
        return value
    if isinstance(at, int):
        if isinstance(value, tuple) and isinstance(node.slice, ast.Constant):
            return value[at] if -len(value) <= at < len(value) else ANY
        return TEXT if isinstance(value, str) else item_of(value)
    message = f"{kind(value)} has no element {ast.unparse(node.slice)[:40]}"
    found = "several values" if at is ANY else kind(at)
    raise Wrong(node.slice, message, f"its places are numbers from 0, and this is {found}")


def item_of(value: Any) -> Any:
    """What stands for each element."""
    return alike(list(value))


def iterated(node: ast.expr, value: Any) -> Any:
    """What stands for each element in a `for`. Raises Wrong where a value cannot be gone over."""
    if value is ANY or isinstance(value, Map | dict):
        return ANY if not isinstance(value, dict) else TEXT
    if isinstance(value, str):
        return TEXT
    if isinstance(value, list | tuple | set):
        return item_of(value)
    if hasattr(value, "__iter__"):
        return ANY
    hint = "a `for` goes over a list"
    raise Wrong(node, f"{kind(value)} cannot be gone over", hint)
