"""Calls of standard functions: their signatures read once, arguments matched, type variables bound."""

import re
from functools import cache

from flow_lang.checks.types.assignable import assignable, common
from flow_lang.checks.types.operators import ORDERED, SUMMED
from flow_lang.functions import FUNCTIONS
from flow_lang.named import NamedTuple
from flow_lang.types import UNKNOWN, Type, list_of, map_of, optional, present

VARIABLES = {"T": (), "N": SUMMED, "C": ORDERED}
_TAKEN = {
    "int": ("str", "int", "float", "bool", "size", "json"),
    "float": ("str", "int", "float", "bool", "size", "duration", "json"),
    "format": ("str", "int", "float", "size", "date", "datetime", "json"),
    "date": ("str", "date", "datetime", "json"),
    "duration": ("str", "int", "float", "duration", "json"),
    "size": ("str", "int", "float", "size", "json"),
}
"""What a function takes whose signature says `value: T`, where that is not anything. These are type variables of their own."""


class Formal(NamedTuple):
    name: str
    type: Type
    required: bool


class Signature(NamedTuple):
    params: tuple[Formal, ...]
    result: Type


@cache
def signature(name: str) -> Signature:
    match = re.fullmatch(r"\w+\((.*)\) -> (.+)", FUNCTIONS[name].signature)
    assert match is not None
    params = []
    for spec in re.findall(r"\w+\??: (?:[^,\[]|\[[^\]]*\]+)+", match[1]):
        label, _, written = spec.partition(": ")
        type_ = Type("var", name=name) if name in _TAKEN and written == "T" else _type(written)
        params.append(Formal(label.rstrip("?"), type_, not label.endswith("?")))
    return Signature(tuple(params), _type(match[2]))


def _type(written: str) -> Type:
    if written.startswith("list["):
        return list_of(_type(written[5:-1]))
    if written.startswith("map[str, "):
        return map_of(_type(written[9:-1]))
    if written.endswith("?"):
        return optional(_type(written[:-1]))
    return Type("var", name=written) if written in VARIABLES else Type(written)


def bind(want: Type, have: Type, bound: dict[str, Type]) -> bool:
    """Matches a formal type with variables against an actual one; False where it does not fit."""
    if want.kind == "var":
        allowed = VARIABLES[want.name] if want.name in VARIABLES else _TAKEN[want.name]
        if allowed and have.kind not in (*allowed, "unknown", "enum" if "str" in allowed else ""):
            return False
        shared = common(bound[want.name], have) if want.name in bound else have
        bound[want.name] = shared or UNKNOWN
        return shared is not None
    if want.item is not None and have.item is not None and want.kind == have.kind:
        return bind(want.item, have.item, bound)
    if want.kind == "map" and have.kind == "record" and want.item is not None:
        return all(bind(want.item, field, bound) for field in have.fields)
    return assignable(have, want)


def applied(type_: Type, bound: dict[str, Type]) -> Type:
    """The result type with its variables replaced."""
    if type_.kind == "var":
        return bound.get(type_.name, UNKNOWN)
    if type_.kind == "list" and type_.item:
        return list_of(applied(type_.item, bound))
    if type_.kind == "map" and type_.item:
        return map_of(applied(type_.item, bound))
    if type_.kind == "optional" and type_.item:
        return optional(applied(type_.item, bound))
    return type_


def welcomed(result: Type, want: Type | None) -> dict[str, Type]:
    """What the variable of a result would be where a `want` is welcome: `first(...)` for an Order makes T an Order."""
    if want is None:
        return {}
    inner = present(want)
    if result.kind == "var" and (result.name == "T" or (result.name == "C" and inner.kind in (*ORDERED, "enum"))):
        return {result.name: inner}
    if result.kind == inner.kind and result.item is not None and inner.item is not None:
        return welcomed(result.item, inner.item)
    return {}


def readable(type_: Type) -> str:
    """A formal type as people say it: the variables are words."""
    words = {"T": "anything", "N": "numbers, durations or sizes", "C": "values that have an order"}
    if type_.kind == "var":
        if type_.name in words:
            return words[type_.name]
        *kinds, last = (f"`{kind}`" for kind in _TAKEN[type_.name])
        return f"{', '.join(kinds)} or {last}"
    if type_.kind == "list" and type_.item is not None and _has_variable(type_.item):
        return f"a list of {readable(type_.item)}" if type_.item.kind != "var" or type_.item.name != "T" else "a list"
    return f"`{type_}`" if not _has_variable(type_) else "a map"


def _has_variable(type_: Type) -> bool:
    return type_.kind == "var" or (type_.item is not None and _has_variable(type_.item))
