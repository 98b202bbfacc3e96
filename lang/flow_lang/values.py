"""Values at run time, and how they are kept as JSON.

In memory: str, int, float, bool and None are themselves; a date, a datetime (with a zone) and a duration are the standard
library's; a size is an int of bytes; a list is a list, a map or record a dict, `json` any JSON value; a file is a
`File`. At rest: dates and datetimes are ISO 8601 strings, a duration is a number of seconds, a file `{"path", "size"}`.
The type, which is always known from the plan, tells how to read them back, so nothing is tagged.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.types import Type, present


class File(NamedTuple):
    """A file or folder, by absolute path, with its size in bytes when the value was made (0 for a folder)."""

    path: str
    size: int = 0

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        return self.name.rsplit(".", 1)[0] if "." in self.name[1:] else self.name


class Mismatch(ValueError):
    """A value that does not have the type it should; `where` is the path to the wrong part, as in `[3].total`."""

    def __init__(self, type_: Type, value: object, where: str = "") -> None:
        shown = repr(value)
        self.where = where
        self.shown = shown if len(shown) <= 200 else shown[:197] + "..."
        at = f" at {where}" if where else ""
        super().__init__(f"expected {type_}{at}, got {self.shown} ({_kind_of(value)})")


_DURATION = r"(\d+(?:\.\d+)?)(ms|s|m|h|d)"
_DURATION_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_FLOAT = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_SIZE = r"(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)"
_SIZE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def parse_duration(text: str) -> timedelta:
    """`30s`, `2h`, `1h30m`, `250ms`, `1d`. Raises ValueError."""
    parts = list(re.finditer(_DURATION, text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise ValueError(f"not a duration: {text!r} (write 250ms, 30s, 5m, 2h, 1d or 1h30m)")
    return timedelta(seconds=sum(float(part[1]) * _DURATION_UNITS[part[2]] for part in parts))


def parse_size(text: str) -> int:
    """`512MiB`, `2GB`, `0B`; bytes. Raises ValueError."""
    match = re.fullmatch(_SIZE, text)
    if not match:
        raise ValueError(f"not a size: {text!r} (write 0B, 64KiB, 512MiB, 2GiB or 10MB)")
    return round(float(match[1]) * _SIZE_UNITS[match[2]])


def encode(type_: Type, value: Any) -> Any:
    """The JSON form of `value`, checked against `type_`. Raises Mismatch."""
    return _encode(type_, value, "")


def decode(type_: Type, value: Any) -> Any:
    """The inverse of `encode`, for what this module encoded or an outsider sent. Raises Mismatch."""
    return _decode(type_, value, "")


def coerce(type_: Type, value: Any) -> Any:
    """As `decode`, for a value that may be in memory already, in part: what is `json` becomes plain JSON. Raises Mismatch."""
    return _coerce(type_, value, "")


def to_text(value: Any) -> str:
    """A value inside a string: what `~{x}` shows. Lists, maps and records are JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, File):
        return value.path
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json_text(value)
    return str(value)


def json_text(value: Any) -> str:
    """A value as JSON for a body to read: files are their paths, dates and durations their text."""
    import json

    return json.dumps(plain(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as people see it in JSON: files are paths, dates and durations text."""
    if isinstance(value, File | date | timedelta):
        return to_text(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def parse_text(type_: Type, text: str) -> Any:
    """A value written by a person or printed by a body: scalars literally, the rest as JSON. Raises Mismatch."""
    kind = present(type_).kind
    if kind in ("str", "enum"):
        return decode(type_, text)
    if kind in ("list", "map", "record", "json"):
        import json

        try:
            return decode(type_, json.loads(text))
        except (ValueError, RecursionError) as error:
            if isinstance(error, Mismatch):
                raise
            raise Mismatch(type_, text) from error
    if type_.kind == "optional" and text in ("", "null"):
        return None
    try:
        return decode(type_, _FROM_TEXT[kind](text.strip()))
    except (ValueError, KeyError) as error:
        if isinstance(error, Mismatch):
            raise
        raise Mismatch(type_, text) from error


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "int": lambda text: int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else _raise(text),
    "float": lambda text: float(text) if re.fullmatch(_FLOAT, text) else _raise(text),
    "bool": lambda text: {"true": True, "false": False}[text],
    "date": str,
    "datetime": str,
    "duration": lambda text: parse_duration(text).total_seconds(),
    "size": parse_size,
    "file": lambda text: {"path": text},
    "dir": lambda text: {"path": text},
}


def _raise(text: str) -> Any:
    raise ValueError(text)


_Walk = Callable[[Type, Any, str], Any]


def _encode(type_: Type, value: Any, where: str) -> Any:
    if type_.kind in _CONTAINERS:
        return _container(type_, value, where, _encode)
    accepted, turn = _ENCODERS.get(type_.kind, (object, None))
    if turn is None:
        return _scalar(type_, value, where)
    if not isinstance(value, accepted) or (type_.kind == "date" and isinstance(value, datetime)):
        raise Mismatch(type_, value, where)
    return turn(value)


def _decode(type_: Type, value: Any, where: str) -> Any:
    if type_.kind in _CONTAINERS:
        return _container(type_, value, where, _decode)
    turn = _DECODERS.get((type_.kind, type(value)))
    if turn is None:
        return value if type_.kind == "json" else _scalar(type_, value, where)
    try:
        return turn(value)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise Mismatch(type_, value, where) from error


def _coerce(type_: Type, value: Any, where: str) -> Any:
    if type_.kind in _CONTAINERS:
        return _container(type_, value, where, _coerce)
    return plain(value) if type_.kind == "json" else _decode(type_, value, where)


_CONTAINERS = ("optional", "list", "map", "record")
_ENCODERS: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "file": (File, lambda value: {"path": value.path, "size": value.size}),
    "dir": (File, lambda value: {"path": value.path, "size": value.size}),
    "duration": (timedelta, timedelta.total_seconds),
    "datetime": (datetime, datetime.isoformat),
    "date": (date, date.isoformat),
    "json": (object, lambda value: _finite(plain(value))),
}
_DECODERS: dict[tuple[str, type], Callable[[Any], Any]] = {
    ("file", dict): lambda value: File(value["path"], int(value.get("size", 0))),
    ("dir", dict): lambda value: File(value["path"], int(value.get("size", 0))),
    ("file", str): File,
    ("dir", str): File,
    ("duration", int): lambda value: timedelta(seconds=value),
    ("duration", float): lambda value: timedelta(seconds=value),
    ("duration", str): parse_duration,
    ("size", str): parse_size,
    ("datetime", str): lambda value: zoned(value),
    ("date", str): date.fromisoformat,
    **{
        (kind, type_): lambda value: value
        for kind, type_ in (
            ("date", date),
            ("datetime", datetime),
            ("duration", timedelta),
            ("file", File),
            ("dir", File),
        )
    },
}
"""By the kind of type and the class of value; the last ones are for a default beside `json`, which is in memory already."""


def _finite(value: Any) -> Any:
    """JSON has no infinity. Raises Mismatch."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Mismatch(Type("json"), value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _finite(item)
    return value


def _scalar(type_: Type, value: Any, where: str) -> Any:
    try:
        if _is_scalar(type_, value):
            return float(value) if type_.kind == "float" else value
    except OverflowError:  # an int that no float holds
        pass
    raise Mismatch(type_, value, where)


def _container(type_: Type, value: Any, where: str, each: _Walk) -> Any:
    if type_.kind == "optional":
        return None if value is None else each(present(type_), value, where)
    item = type_.item or type_
    if type_.kind == "list" and isinstance(value, list | tuple):
        return [each(item, element, f"{where}[{i}]") for i, element in enumerate(value)]
    if type_.kind == "map" and isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: each(item, element, f"{where}.{key}") for key, element in value.items()}
    if type_.kind == "record" and isinstance(value, dict):
        extra = [key for key in value if key not in type_.names]
        if extra:
            raise Mismatch(type_, value, f"{where}.{extra[0]} (no such field)")
        pairs = zip(type_.names, type_.fields, strict=True)
        return {name: each(field, value.get(name), f"{where}.{name}") for name, field in pairs}
    raise Mismatch(type_, value, where)


def _is_scalar(type_: Type, value: Any) -> bool:
    kind = type_.kind
    if kind == "bool":
        return isinstance(value, bool)
    if kind in ("int", "size"):
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "enum":
        return value in type_.names
    return kind == "str" and isinstance(value, str)


def zoned(text: str) -> datetime:
    """A datetime from ISO 8601, which must say its zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a datetime needs a zone, as in 2026-01-01T12:00:00Z")
    return moment


def _duration_text(value: timedelta) -> str:
    """The shortest literal: 90 s is `1m30s`."""
    total_ms = round(value.total_seconds() * 1000)
    if total_ms == 0:
        return "0s"
    sign, total_ms = ("-", -total_ms) if total_ms < 0 else ("", total_ms)
    text = sign
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, total_ms = divmod(total_ms, length)
        text += f"{count}{unit}" if count else ""
    return text


def _kind_of(value: object) -> str:
    names = {str: "str", int: "int", float: "float", bool: "bool", list: "list", dict: "record", type(None): "null"}
    return names.get(type(value), type(value).__name__.lower())
