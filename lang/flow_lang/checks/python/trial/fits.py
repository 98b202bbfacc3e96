"""Whether what a Python body returns can be the result that its task declares."""

import ast
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any

from flow_lang.checks.python.trial.branches import branches, keys_of
from flow_lang.checks.python.trial.samples import ANY, Map, Method, kind, shaped
from flow_lang.checks.python.trial.wrong import Wrong
from flow_lang.suggest import did_you_mean, listed
from flow_lang.types import Type, present

_NUMBER = (int, float)
_TAKES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "enum": (str,),
    "int": (int,),
    "size": (int,),
    "float": _NUMBER,
    "bool": (bool,),
    "date": (date,),
    "datetime": (datetime,),
    "duration": (timedelta,),
    "file": (str, PurePath),
    "dir": (str, PurePath),
}


def misfit(node: ast.expr, value: Any, type_: Type, several: bool = False) -> Wrong | None:
    """The first part that cannot be of its type. `several`: a dict of a task's `out`s, in which more may stand, and which lacks
    those that are left as files."""
    for part, one in branches(node):
        found = misfit(part, one, type_, several)
        if found is not None:
            return found
    odd = next((key for key in keys_of(node) if shaped(key) and not isinstance(key, str)), "")
    if odd != "" and type_.kind in ("record", "map"):
        return Wrong(
            node, f"the keys of `{type_}` are texts, and one of these is {kind(odd)}", "write each key in quotes"
        )
    if value is ANY or type_.kind in ("json", "unknown", "nothing"):
        return None
    if type_.kind == "optional":
        return None if value is None else misfit(node, value, present(type_))
    if type_.kind == "record":
        return _record(node, value, type_, several)
    if type_.kind == "list":
        return _list(node, value, type_)
    if type_.kind == "map":
        fits = isinstance(value, dict)
        for item in value.values() if fits else ():
            found = misfit(node, item, type_.item or type_)
            if found is not None:
                return Wrong(node, _as_part(found, "each value"), found.hint, found.about)
    else:
        fits = isinstance(value, _TAKES[type_.kind]) and not (isinstance(value, bool) and type_.kind != "bool")
        fits = fits and not (isinstance(value, datetime) and type_.kind == "date")
    if fits:
        return _named(node, type_)
    return Wrong(node, f"the task gives `{type_}`, and this returns {kind(value)}", _hint(value, type_))


def _hint(value: Any, type_: Type) -> str:
    if isinstance(value, Method):
        return f"call it: {value.name}()"
    if type_.kind == "str" and not isinstance(value, type) and value is not None:
        return "turn it into text with str(...)"
    return f"return what can be `{type_}`, or declare what it is after `->` or `out`"


def _named(node: ast.expr, type_: Type) -> Wrong | None:
    """A text that is written here must be one of an enum."""
    if type_.kind == "enum" and isinstance(node, ast.Constant) and node.value not in type_.names:
        hint = did_you_mean(str(node.value), type_.names, f"its values are {listed(list(type_.names))}")
        return Wrong(node, f"the task gives `{type_}`, and {node.value!r} is none of these", hint)
    return None


def _as_part(found: Wrong, part: str) -> str:
    """The message about a part of what is returned."""
    return found.message.replace("the task gives", f"{part} must be", 1).replace("this returns", "this is", 1)


def _list(node: ast.expr, value: Any, type_: Type) -> Wrong | None:
    item = type_.item or type_
    if isinstance(value, list | tuple | set) or type(value).__name__.startswith("dict_"):
        parts = node.elts if isinstance(node, ast.List | ast.Tuple) and len(node.elts) == len(value) else None
        if parts is None and isinstance(node, ast.ListComp | ast.GeneratorExp):
            parts = [node.elt] * len(value)
        for at, element in enumerate(value):
            found = misfit(parts[at] if parts else node, element, item)
            if found is not None:
                return Wrong(found.node if parts else node, _as_part(found, "each element"), found.hint, found.about)
        return None
    if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
        return Wrong(node, f"the task gives `{type_}`, and this returns {kind(value)}", "put it in a list: [...]")
    return None


def _record(node: ast.expr, value: Any, type_: Type, several: bool) -> Wrong | None:
    if isinstance(value, Map):
        return None
    if isinstance(value, dict):
        return _fields(node, value, type_, several)
    if (
        isinstance(value, str | bytes | int | float | list | tuple | set | PurePath | date | timedelta | type | Method)
        or value is None
    ):
        what = "a dict of its `out`s" if several else f"`{type_}`"
        example = ", ".join(f'"{name}": ...' for name in type_.names[:3])
        return Wrong(node, f"the task gives {what}, and this returns {kind(value)}", f"return {{{example}}}")
    return None


def _fields(node: ast.expr, value: dict[str, Any], type_: Type, several: bool) -> Wrong | None:
    written = (
        dict(zip(value, zip(node.keys, node.values, strict=True), strict=False)) if isinstance(node, ast.Dict) else {}
    )
    names = list(type_.names)
    shown = "the task" if several else f"`{type_}`"
    for name in value:
        if name not in names and not several:
            at = written[name][0] if name in written else node
            hint = did_you_mean(str(name), names, f"its fields are {listed(names)}")
            return Wrong(at or node, f"{shown} has no field {name!r}", hint, f"{type_}.{name}")
    for name, field in zip(type_.names, type_.fields, strict=True):
        if name in value:
            found = misfit(written[name][1] if name in written else node, value[name], field)
            if found is not None:
                return Wrong(found.node, _as_part(found, repr(name)), found.hint, found.about)
        elif field.kind not in ("optional", "unknown", *(("file", "dir") if several else ())) and isinstance(
            node, ast.Dict
        ):
            return Wrong(node, f"{shown} has a {name!r}, and this returns none", f'add it: "{name}": ...')
    return None
