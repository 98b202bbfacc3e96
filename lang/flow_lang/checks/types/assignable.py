"""Which values may stand where a type is asked for."""

from flow_lang.types import JSON, UNKNOWN, Type, list_of, map_of, optional, present

NUMBERS = ("int", "float")


def assignable(type_: Type, want: Type) -> bool:
    """Whether a value of `type_` is one of `want`: an int is a float, a T is a T?, anything is json."""
    if type_ == want or "unknown" in (type_.kind, want.kind) or want.kind == "var":
        return True
    if want.kind == "optional":
        return assignable(present(type_), present(want))
    if type_.kind == "nothing" or type_.kind == "optional":
        return want.kind == "json" and type_.kind == "optional"
    if want.kind == "json":
        return True
    if want.kind in ("list", "map") and type_.kind == want.kind:
        return assignable(type_.item or UNKNOWN, want.item or UNKNOWN)
    if want.kind == "map" and type_.kind == "record":
        return all(assignable(field, want.item or UNKNOWN) for field in type_.fields)
    if want.kind == "record" and type_.kind == "record":
        return set(type_.names) == set(want.names) and all(
            assignable(type_.field(name) or UNKNOWN, field) for name, field in zip(want.names, want.fields, strict=True)
        )
    if want.kind == "enum":
        return type_.kind == "enum" and set(type_.names) <= set(want.names)
    return (type_.kind, want.kind) in (("int", "float"), ("enum", "str"))


def differs(type_: Type, want: Type) -> bool:
    """Whether a value of `type_`, which is assignable to `want`, is another value in memory when it is one: an int that becomes a float, or
    a date, duration or file that becomes JSON."""
    type_, want = present(type_), present(want)
    if want.kind == "json":
        return type_.kind != "json" and not plain_json(type_)
    if want.kind == "float":
        return type_.kind == "int"
    if want.kind in ("list", "map") and want.item is not None:
        parts = type_.fields if type_.kind == "record" else (type_.item or UNKNOWN,)
        return any(differs(part, want.item) for part in parts)
    if want.kind == "record" and type_.kind == "record":
        return any(
            differs(type_.field(name) or UNKNOWN, field) for name, field in zip(want.names, want.fields, strict=True)
        )
    return False


def plain_json(type_: Type) -> bool:
    """Whether a value of the type is the same in memory as in JSON."""
    parts = (*type_.fields, *([type_.item] if type_.item else []))
    return type_.kind not in ("date", "datetime", "duration", "file", "dir") and all(map(plain_json, parts))


def narrows(want: Type) -> bool:
    """Whether a value of `json` may be taken for a `want`, which is then checked when it is there. A file is no JSON."""
    if present(want).kind in ("file", "dir", "json", "secret", "nothing", "unknown", "var"):
        return False
    return all(part.kind == "json" or narrows(part) for part in (*want.fields, *([want.item] if want.item else [])))


def common(left: Type, right: Type) -> Type | None:
    """The narrowest type that holds both, or None."""
    if assignable(left, right):
        return right if left.kind != "optional" else optional(right)
    if assignable(right, left):
        return left
    if "json" in (left.kind, right.kind):
        return JSON
    if "optional" in (left.kind, right.kind):
        inner = common(present(left), present(right))
        return optional(inner) if inner else None
    if left.kind == right.kind == "enum":
        return Type("enum", names=(*left.names, *(name for name in right.names if name not in left.names)))
    if left.kind == right.kind and left.kind in ("list", "map"):
        inner = common(left.item or UNKNOWN, right.item or UNKNOWN)
        make = list_of if left.kind == "list" else map_of
        return make(inner) if inner else None
    return None
