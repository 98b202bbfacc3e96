"""The types of the arithmetic and comparison operators."""

from flow_lang.checks.types.assignable import NUMBERS, assignable, common, plain_json
from flow_lang.types import BOOL, DURATION, FLOAT, INT, UNKNOWN, Type, list_of

ORDERED = ("int", "float", "str", "date", "datetime", "duration", "size")
SUMMED = ("int", "float", "duration", "size")

_FIXED: dict[tuple[str, str, str], str] = {
    ("+", "str", "str"): "str",
    ("+", "duration", "duration"): "duration",
    ("+", "size", "size"): "size",
    ("+", "date", "duration"): "date",
    ("+", "datetime", "duration"): "datetime",
    ("-", "duration", "duration"): "duration",
    ("-", "size", "size"): "size",
    ("-", "date", "duration"): "date",
    ("-", "datetime", "duration"): "datetime",
    ("-", "date", "date"): "duration",
    ("-", "datetime", "datetime"): "duration",
    ("*", "duration", "int"): "duration",
    ("*", "duration", "float"): "duration",
    ("*", "int", "duration"): "duration",
    ("*", "float", "duration"): "duration",
    ("*", "size", "int"): "size",
    ("*", "int", "size"): "size",
    ("/", "duration", "duration"): "float",
    ("/", "duration", "int"): "duration",
    ("/", "duration", "float"): "duration",
    ("/", "size", "size"): "float",
    ("//", "size", "int"): "size",
}


def result(op: str, left: Type, right: Type) -> Type | None:
    """The type of `left op right` for operands that are not optional, or None where it has none."""
    if "unknown" in (left.kind, right.kind):
        return BOOL if op in ("==", "!=", "<", "<=", ">", ">=", "in") else UNKNOWN
    if op in ("==", "!="):
        return BOOL if common(left, right) and _comparable(left, right) else None
    if op in ("<", "<=", ">", ">="):
        same = left.kind == right.kind or (left.kind in NUMBERS and right.kind in NUMBERS)
        return BOOL if same and left.kind in ORDERED else None
    if op == "in":
        return BOOL if _member(left, right) else None
    return _arithmetic(op, left, right)


def _comparable(left: Type, right: Type) -> bool:
    """Whether two values can be equal: JSON has no dates or files of its own."""
    return (left.kind == "json") == (right.kind == "json") or (plain_json(left) and plain_json(right))


def _arithmetic(op: str, left: Type, right: Type) -> Type | None:
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return INT if left == right == INT and op != "/" else FLOAT
    if op == "+" and left.kind == right.kind == "list":
        item = common(left.item or UNKNOWN, right.item or UNKNOWN)
        return list_of(item) if item else None
    kind = _FIXED.get((op, left.kind, right.kind))
    if kind is None and {left.kind, right.kind} <= {"str", "enum"}:
        kind = _FIXED.get((op, "str", "str"))
    return Type(kind) if kind else None


def _member(item: Type, group: Type) -> bool:
    if group.kind == "list" and group.item:
        return common(item, group.item) is not None
    return group.kind in ("str", "map", "record") and assignable(item, Type("str"))


def negative(type_: Type) -> Type | None:
    return type_ if type_.kind in ("int", "float", "unknown") or type_ == DURATION else None
