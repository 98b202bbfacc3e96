"""Values as a form's controls hold them: scalars as people write them, a list one item a line, a map one `key = value` a line, a record in a
control for each of its fields, and the rest as JSON."""

import json
from collections.abc import Mapping
from typing import Any

from flow_lang.types import Type, present
from flow_lang.values import Mismatch, decode, encode, parse_text, plain, to_text

from flow_server.body import DEEPEST, deeper

SIMPLE = ("str", "int", "float", "bool", "date", "datetime", "duration", "size", "file", "dir", "enum")
ABSENT = object()
"""What `read` gives where nothing was written."""


def control_of(type_: Type) -> str:
    """`group` (a record), `lines` (a list of scalars), `pairs` (a map of scalars), `json`, or a scalar's own kind."""
    kind = present(type_)
    if kind.kind == "record":
        return "group"
    if kind.kind in ("list", "map") and kind.item is not None and kind.item.kind in SIMPLE:
        return "lines" if kind.kind == "list" else "pairs"
    return kind.kind if kind.kind in SIMPLE else "json"


def texts_of(type_: Type, name: str, value: Any) -> dict[str, str]:
    """The text of each control, by its name, of a value in its JSON form; None is nothing at all."""
    kind, control = present(type_), control_of(type_)
    if control == "group":
        found: dict[str, str] = {}
        for field, inner in zip(kind.names, kind.fields, strict=True):
            found |= texts_of(inner, f"{name}.{field}", None if value is None else value.get(field))
        return found
    if value is None:
        return {name: ""}
    return {name: _text(kind, control, value)}


def _text(kind: Type, control: str, value: Any) -> str:
    item = kind.item or kind
    if control == "lines":
        lines = [_scalar(item, one) for one in value]
        if all(line.strip() == line != "" and "\n" not in line and line[0] != "[" for line in lines):
            return "\n".join(lines)
    if control == "pairs":
        pairs = [(key, _scalar(item, one)) for key, one in value.items()]
        if all(_plain_pair(key, text) for key, text in pairs):
            return "\n".join(f"{key} = {text}" for key, text in pairs)
    if control in ("lines", "pairs", "json"):
        return json.dumps(plain(decode(kind, value)), ensure_ascii=False, indent=2)
    return _scalar(kind, value)


def _plain_pair(key: str, text: str) -> bool:
    whole = f"{key}{text}"
    return (
        bool(key)
        and key == key.strip()
        and text == text.strip()
        and not {"=", "\n", "{"} & {*key, *whole[:1]}
        and ("\n" not in whole)
    )


def _scalar(type_: Type, value: Any) -> str:
    return _size(value) if type_.kind == "size" else to_text(decode(type_, value))


def _size(count: int) -> str:
    """As it is written: with the largest unit that leaves no rest."""
    for unit, length in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count and count % length == 0:
            return f"{count // length}{unit}"
    return f"{count}B"


def same_lines(text: str) -> str:
    """With LF at the end of each line: a browser sends CR LF, whatever it was given."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(type_: Type, name: str, form: Mapping[str, str], wrong: dict[str, str]) -> Any:
    """The JSON form of what was written, or ABSENT. What is wrong is added to `wrong`, by the name of the control."""
    kind, control = present(type_), control_of(type_)
    if control == "group":
        return _record(type_, name, form, wrong)
    text = form.get(name)
    if text is None or (not text.strip() and type_.kind != "str"):
        return ABSENT
    try:
        return encode(type_, decode(type_, _parsed(kind, control, same_lines(text))))
    except Mismatch as error:
        where = f" at {error.where.lstrip('.')}" if error.where else ""
        wrong[name] = f"must be `{type_}`, and{where} is {error.shown}"
    except _Unwritten as error:
        wrong[name] = str(error)
    return ABSENT


class _Unwritten(ValueError):
    pass


def _check(value: Any) -> None:
    """What cannot be kept is refused as in the body of a request. Raises _Unwritten."""
    if deeper(value, DEEPEST):
        raise _Unwritten(f"may hold {DEEPEST} lists or objects in each other, and is nested more deeply")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Unwritten("holds half of a surrogate pair, which is no character") from None


def _parsed(kind: Type, control: str, text: str) -> Any:
    """Raises Mismatch."""
    item = kind.item or kind
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if control == "lines" and not text.lstrip().startswith("["):
        return [parse_text(item, line) for line in lines]
    if control == "pairs" and not text.lstrip().startswith("{"):
        return {key: parse_text(item, text) for key, text in _pairs(lines).items()}
    return _json(kind, text) if control in ("lines", "pairs", "json") else parse_text(kind, text)


def _json(kind: Type, text: str) -> Any:
    """As parse_text reads it, but for what cannot be kept. Raises Mismatch and _Unwritten."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except _Unwritten:
        raise
    except (ValueError, RecursionError):
        raise Mismatch(kind, text) from None
    _check(value)  # first: what is wrong with the value is told with its keys
    return decode(kind, value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that is there twice, the last would be taken unseen."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Unwritten(f"has the key {key[:100]!r} more than once")
        found[key] = value
    return found


def _pairs(lines: list[str]) -> dict[str, str]:
    """Raises _Unwritten."""
    found: list[tuple[str, str]] = []
    for line in lines:
        key, equals, text = (part.strip() for part in line.partition("="))
        if not equals or not key:
            raise _Unwritten(f"each line is written: key = value; this one is not: {line[:100]}")
        found.append((key, text))
    return _once(found)


def _record(type_: Type, name: str, form: Mapping[str, str], wrong: dict[str, str]) -> Any:
    kind = present(type_)
    names = [f"{name}.{field}" for field in kind.names]
    written = any(text.strip() for key, text in form.items() if key in names or key.startswith(f"{name}."))
    if not written and (type_.kind == "optional" or not any(key in form for key in names)):
        return ABSENT
    found: dict[str, Any] = {}
    for key, field, inner in zip(names, kind.names, kind.fields, strict=True):
        value = read(inner, key, form, wrong)
        if value is not ABSENT:
            found[field] = value
        elif inner.kind == "optional" and key not in wrong:
            found[field] = None
        elif key not in wrong:
            wrong[key] = f"must be `{inner}`, and is missing"
    return found
