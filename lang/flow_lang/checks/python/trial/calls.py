"""Calls on sample values. Only functions and methods that neither change nor reach anything are called."""

import ast
import copy
import inspect
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from flow_lang.checks.python.trial.members import iterated
from flow_lang.checks.python.trial.samples import (
    ANY,
    TEXT,
    Iterated,
    Map,
    Method,
    Record,
    alike,
    complete,
    kind,
    shaped,
    small,
)
from flow_lang.checks.python.trial.wrong import Wrong
from flow_lang.suggest import did_you_mean, listed

_TRIED: dict[Any, Any] = {
    len: 1,
    sum: ANY,
    max: ANY,
    min: ANY,
    sorted: ANY,
    abs: ANY,
    round: ANY,
    int: 1,
    float: 1.5,
    str: TEXT,
    repr: TEXT,
    bool: True,
    list: ANY,
    tuple: ANY,
    enumerate: ANY,
    zip: ANY,
    reversed: ANY,
    range: ANY,
    any: True,
    all: True,
}
"""Builtin functions that are called, and what they give where that is known without a call."""
_LAZY = (enumerate, zip, reversed, range)
_OF_ANYTHING = (*_LAZY, len, list, tuple)
"""Functions that do not look at the elements of what they take."""
_NAMED: dict[Any, tuple[str, ...]] = {
    sorted: ("key", "reverse"),
    max: ("key", "default"),
    min: ("key", "default"),
    sum: ("start",),
    zip: ("strict",),
    enumerate: ("start", "iterable"),
    print: ("sep", "end", "file", "flush"),
    **dict.fromkeys((len, abs, range, reversed, any, all, repr), ()),
}
"""The names that builtin functions have for what they take."""
_VALUES = (str, int, float, bool, date, timedelta, list, dict, tuple)
"""Values whose methods are called, on a copy."""
_OF_PATHS: dict[str, Any] = {
    **dict.fromkeys(("read_text", "as_posix", "as_uri"), TEXT),
    **dict.fromkeys(("exists", "is_file", "is_dir", "is_absolute", "is_relative_to"), True),
    **dict.fromkeys(("resolve", "absolute", "joinpath", "with_suffix", "with_name", "with_stem"), Path("sample.txt")),
    "write_text": 1,
    "write_bytes": 1,
}


def called(node: ast.Call, function: Any, args: list[Any], named: dict[str, Any]) -> Any:
    """What a call gives. Raises Wrong where it fails for all values of these types."""
    if function is ANY:
        return ANY
    if isinstance(function, Method):
        return _method(node, function, args, named)
    if function is Path:
        return _path(node, args) if not named else ANY
    if isinstance(function, type | type(len)):
        return _builtin(node, function, args, named)
    if callable(function) and not isinstance(function, Record):
        return ANY
    raise Wrong(node.func, f"{kind(function)} cannot be called", "remove the brackets, or call something else")


def _builtin(node: ast.Call, function: Any, args: list[Any], named: dict[str, Any]) -> Any:
    for word in node.keywords:
        if function in _NAMED and word.arg is not None and word.arg not in _NAMED[function]:
            takes = listed(_NAMED[function])
            raise Wrong(
                word,
                f"`{function.__name__}` takes no `{word.arg}`",
                did_you_mean(word.arg, _NAMED[function], f"by name it takes {takes}"),
            )
    if function in (len, reversed) and any(isinstance(value, Iterated) for value in args):
        raise Wrong(
            node,
            f"`{function.__name__}` needs a list, and this is {kind(args[0])}",
            "make a list of it before: list(...)",
        )
    if function in (iter, next) and not args:
        raise Wrong(
            node,
            f"`{function.__name__}` needs something to go over",
            f"write {function.__name__}(...) of a list or iterator",
        )
    if function in (iter, next) and len(args) == 1 and args[0] is not ANY:
        return Iterated([iterated(node.args[0], args[0])] * 2) if function is iter else _next(node, args[0])
    if not any(function is one for one in _TRIED):
        return None if function is print else ANY
    known = _TRIED[function]
    if function in (sum, max, min, sorted) and len(args) == 1 and isinstance(args[0], list | tuple):
        uncalled = next((part for part in args[0] if isinstance(part, Method)), None)
        if uncalled is not None:
            raise Wrong(node, f"`{function.__name__}` cannot take {kind(uncalled)}", f"call it: {uncalled.name}()")
    given = [*args, *named.values()]
    if any(value is ANY for value in given) or not (
        function in _OF_ANYTHING or all(complete(value) for value in given)
    ):
        return known
    if function in (max, min) and ("default" in named or (len(args) > 1 and alike(args) is ANY)):
        return ANY  # which of them is not known
    made = _attempt(
        node, lambda: list(function(*args, **named)) if function in _LAZY else function(*args, **named), known
    )
    return Iterated(made) if function in _LAZY and function is not range and isinstance(made, list) else made


def _next(node: ast.Call, value: Any) -> Any:
    if isinstance(value, Iterated):
        return alike(value)
    if isinstance(value, list | tuple | str | int | float | Path | None):
        name = ast.unparse(node.args[0])[:40]
        raise Wrong(node, f"`next` takes an iterator, and this is {kind(value)}", f"make one before: iter({name})")
    return ANY


def _method(node: ast.Call, method: Method, args: list[Any], named: dict[str, Any]) -> Any:
    owner, name = method.owner, method.name
    if isinstance(owner, ModuleType):
        return _fitted(node, getattr(owner, name), args, named)
    if isinstance(owner, Path):
        _fitted(node, getattr(owner, name), args, named)
        return _OF_PATHS.get(name, ANY)
    if not isinstance(owner, _VALUES) or isinstance(owner, Map) or not complete(owner):
        return ANY
    if isinstance(owner, dict) and name not in ("items", "keys", "values", "copy"):
        return ANY
    if not all(complete(value) for value in [*args, *named.values()]):
        if name == "join" and args and isinstance(args[0], list):
            _joined(node, args[0])
        return TEXT if isinstance(owner, str) and name in ("join", "format", "replace") else ANY
    made = _attempt(node, lambda: getattr(copy.copy(owner), name)(*args, **named), ANY)
    return list(made) if isinstance(made, type({}.keys()) | type({}.values()) | type({}.items())) else made


def _fitted(node: ast.Call, function: Any, args: list[Any], named: dict[str, Any]) -> Any:
    """Whether a function takes so many values, and these names; it is not called."""
    starred = any(isinstance(part, ast.Starred) for part in node.args) or any(
        word.arg is None for word in node.keywords
    )
    if not starred:
        _attempt(node, lambda: inspect.signature(function).bind(*args, **named), ANY)
    return ANY


def _joined(node: ast.Call, parts: list[Any]) -> None:
    wrong = next((part for part in parts if shaped(part) and not isinstance(part, str)), "")
    if wrong != "":
        raise Wrong(node, f"`join` takes texts, and one of these is {kind(wrong)}", "turn it into text with str(...)")


def _path(node: ast.Call, args: list[Any]) -> Any:
    if all(complete(value) for value in args):
        return _attempt(node, lambda: Path(*args), Path("sample.txt"))
    return Path("sample.txt")


def _attempt(node: ast.Call, call: Callable[[], Any], otherwise: Any) -> Any:
    """Other errors depend on the value, and a sample is one of many."""
    try:
        return small(call())
    except TypeError as error:
        name = ast.unparse(node.func)[:40]
        why = str(error).replace("Record", "record").replace("PosixPath", "Path")
        raise Wrong(node, f"`{name}` cannot take this: {why}", "give it what it takes, or convert it before") from None
    except Exception:  # noqa: BLE001
        return otherwise


def with_key(node: ast.Call, function: Any, items: Any, key: Any) -> Any:
    """`max`, `min` or `sorted` by what `key` gives for an element."""
    if complete(key):
        try:
            sorted((key, key))
        except TypeError:
            message = f"{kind(key)} has no order, so that `{ast.unparse(node.func)}` cannot compare two of them"
            raise Wrong(node, message, "let the `key` give a number or a text") from None
    if not isinstance(items, list) or not items:
        return ANY
    return list(items) if function is sorted else items[0]
