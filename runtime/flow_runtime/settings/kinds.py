"""What a value of a setting may be. A value is a text everywhere, as in the environment; a kind reads it."""

import json
from collections.abc import Callable
from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.values import parse_duration, parse_size


class Kind(NamedTuple):
    """`form` says what a value is to be. `read` gives it, or raises ValueError. `shape`: `list` and `map` may be written as such in YAML."""

    form: str
    type_: type
    read: Callable[[str], Any]
    shape: str = "scalar"


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        found = float(text)
        if not low <= found <= high:  # nan is neither
            raise ValueError
        return found

    return read


def number(form: str, low: float, high: float) -> Kind:
    return Kind(f"a number of {form}", float, _number(low, high))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError
    return int(text)


def whole(low: int, high: int) -> Kind:
    def read(text: str) -> int:
        found = _whole(text)
        if not low <= found <= high:
            raise ValueError
        return found

    return Kind(f"a whole number from {low} to {high}", int, read)


def choice(*names: str) -> Kind:
    def read(text: str) -> str:
        if text.lower() not in names:
            raise ValueError
        return text.lower()

    form = " or ".join(names) if len(names) == 2 else f"one of {', '.join(names)}"
    return Kind(form, str, read)


def _flag(text: str) -> bool:
    """0 and 1 as in the environment, false and true as in YAML."""
    if text.lower() not in ("0", "1", "false", "true"):
        raise ValueError
    return text.lower() in ("1", "true")


def _duration(text: str) -> float:
    return parse_duration(text).total_seconds()


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def _address(text: str) -> str:
    _, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError
    return text


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        scheme, parted, rest = text.partition("://")
        if not parted or not rest or scheme.lower() not in schemes or not text.isprintable():
            raise ValueError
        return text

    return read


def url(form: str, *schemes: str) -> Kind:
    return Kind(f"a URL, as {form}", str, _url(*schemes))


def _policy(text: str) -> str:
    """What namespaces and executors there are is checked by the server."""
    if text.startswith("{") and not isinstance(json.loads(text), dict):
        raise ValueError
    return text


TEXT = Kind("a text", str, str)
PLACE = Kind("a URL or an absolute path", str, str)
WHOLE = Kind("a whole number", int, _whole)
FLAG = Kind("0 or 1", bool, _flag)
DURATION = Kind("a duration such as 30d or 12h", float, _duration)
SIZE = Kind("a size such as 64MiB", int, parse_size)
LIST = Kind("a list of texts", tuple, _list, "list")
ADDRESS = Kind("host:port, as 127.0.0.1:9464, or a port alone", str, _address)
POLICY = Kind(
    'namespaces with their executors, as in {"team-a": ["http", "shell"]}, or the path of a file with it',
    str,
    _policy,
    "map",
)
