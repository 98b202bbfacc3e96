"""The types of the language, as one immutable value each.

`Type` is a tagged tuple and not a class hierarchy, because plans are loaded on the path of a cold `flow run`, where
each dataclass costs a third of a millisecond. Build types with the constructors below and test `kind`.
"""

from typing import Any

from flow_lang.named import NamedTuple

SCALARS = ("str", "int", "float", "bool", "date", "datetime", "duration", "size", "file", "dir", "json")


class Type(NamedTuple):
    """One type. `kind` is a scalar's name or `list`, `map`, `optional`, `enum`, `record`, `nothing`, `unknown`.

    `item` is the element (list), the value (map) or the present type (optional); `names` are the values of an enum or
    the field names of a record; `fields` are the types of a record's fields, parallel to `names`; `name` is a record's.
    """

    kind: str
    item: "Type | None" = None
    names: tuple[str, ...] = ()
    fields: tuple["Type", ...] = ()
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "list":
            return f"list[{self.item}]"
        if self.kind == "map":
            return f"map[str, {self.item}]"
        if self.kind == "optional":
            return f"{self.item}?"
        if self.kind == "enum":
            return "enum(" + ", ".join(f'"{value}"' for value in self.names) + ")"
        if self.kind == "record":
            return (
                self.name or "{ " + ", ".join(f"{n}: {t}" for n, t in zip(self.names, self.fields, strict=True)) + " }"
            )
        return self.kind

    def field(self, name: str) -> "Type | None":
        """The type of a record's field, or None where it has none of that name."""
        return self.fields[self.names.index(name)] if self.kind == "record" and name in self.names else None


STR, INT, FLOAT, BOOL = Type("str"), Type("int"), Type("float"), Type("bool")
DATE, DATETIME, DURATION, SIZE = Type("date"), Type("datetime"), Type("duration"), Type("size")
FILE, DIR, JSON = Type("file"), Type("dir"), Type("json")
SECRET = Type("secret")
"""The type of a `secret`. It has no value in the engine: only a body, a header, a URL or a notification may use it."""
NOTHING = Type("nothing")
"""The type of a task that declares no result: it can be waited for, and not used as a value."""
UNKNOWN = Type("unknown")
"""What the checker gives a wrong expression, so that one mistake is told once."""


def list_of(item: Type) -> Type:
    return Type("list", item)


def map_of(value: Type) -> Type:
    return Type("map", value)


def optional(item: Type) -> Type:
    """`T?`; an optional of an optional is the same optional."""
    return item if item.kind in ("optional", "unknown") else Type("optional", item)


def enum(values: tuple[str, ...]) -> Type:
    return Type("enum", names=values)


def record(name: str, fields: dict[str, Type]) -> Type:
    return Type("record", names=tuple(fields), fields=tuple(fields.values()), name=name)


def present(type_: Type) -> Type:
    """`T` of `T?`; any other type is itself."""
    return type_.item if type_.kind == "optional" and type_.item else type_


def to_json(type_: Type) -> Any:
    """A plan's spelling of a type: a string for a scalar, a one-key object for the rest."""
    if type_.kind in ("list", "map", "optional"):
        return {type_.kind: to_json(type_.item or UNKNOWN)}
    if type_.kind == "enum":
        return {"enum": list(type_.names)}
    if type_.kind == "record":
        fields = {n: to_json(t) for n, t in zip(type_.names, type_.fields, strict=True)}
        return {"record": type_.name, "fields": fields}
    return type_.kind


def from_json(spec: Any) -> Type:
    """The inverse of `to_json`."""
    if isinstance(spec, str):
        return Type(spec)
    if "record" in spec:
        return record(spec["record"], {n: from_json(t) for n, t in spec["fields"].items()})
    if "enum" in spec:
        return enum(tuple(spec["enum"]))
    ((kind, item),) = spec.items()
    return Type(kind, from_json(item))
