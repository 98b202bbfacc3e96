"""Values as PostgreSQL reads them in text. The driver's own dumpers look at each element of an array by itself, which took longer than
all that the server does with a tick (docs/performance.md); here a column of one type is written as a whole."""

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
        return _whole(value).encode()
    if isinstance(value, list | tuple):
        return f"{{{_elements(value)}}}".encode()
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    return _number(value).encode()


def _elements(values: Sequence[Value]) -> str:
    kinds = set(map(type, values))
    if kinds == {int} or kinds == {float}:
        return ",".join(map(repr, values))
    if kinds == {str}:
        return _texts(values)
    return ",".join([_element(value) for value in values])


def _texts(values: Sequence[Value]) -> str:
    """`\\0` stands in no text, so that it may stand between them for a moment."""
    text = "\0".join(values)  # type: ignore[arg-type]
    if text.count("\0") >= len(values):
        raise _cut()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\0", '","') + '"'


def _element(value: Value) -> str:
    if value is None:
        return "NULL"
    return _texts([value]) if isinstance(value, str) else _number(value)


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"{type(value).__name__} is no value of a statement")


def _whole(text: str) -> str:
    if "\0" in text:
        raise _cut()
    return text


def _cut() -> DataError:
    return DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
