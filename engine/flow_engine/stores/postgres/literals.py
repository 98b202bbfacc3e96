"""Values as PostgreSQL reads them in text. The driver's own dumpers look at each element of an array by itself, which took longer than
all that the server does with a tick (docs/performance.md)."""

import math
from collections.abc import Sequence

from psycopg.errors import DataError

Value = str | int | float | bool | bytes | None


def literals(values: Sequence[Value | Sequence[Value]]) -> list[bytes | None]:
    """One for each value; a list is an array. Raises DataError for a text that PostgreSQL cannot keep."""
    return [_literal(value) for value in values]


def _literal(value: Value | Sequence[Value]) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _encoded(value)
    if isinstance(value, list | tuple):
        return _encoded("{" + ",".join([_element(one) for one in value]) + "}")
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    return _number(value).encode()


def _element(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _number(value)


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"{type(value).__name__} is no value of a statement")


def _encoded(text: str) -> bytes:
    if "\0" in text:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text.encode()
