"""The standard functions: name, signature, documentation and implementation of each in one place.

A signature is written as in the language, with three type variables: `T` is any type, `N` a number, duration or size, `C` anything
that has an order. A `?` after a parameter's name makes it optional. It stays a string here, because a plan that runs needs only
`run`; the checker reads it (calls.py). Implementations get the `Files` of the scope first.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.values import File, json_text, parse_duration, parse_size, to_text, zoned


class Function(NamedTuple):
    """`pure` says that the result depends on the arguments alone, so it may be computed when a file is checked."""

    signature: str
    doc: str
    run: Callable[..., Any]
    pure: bool = True

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]


def shortened(value: Any) -> str:
    """A value in a message."""
    shown = repr(value) if isinstance(value, str | int | float) else to_text(value) or "what is absent"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _sum(files: Any, items: list[Any], nothing: Any = 0) -> Any:
    return sum(items[1:], items[0]) if items else nothing


def _one(files: Any, items: list[Any], at: int, which: str) -> Any:
    if not items:
        raise ValueError(f"an empty list has no {which} element")
    return items[at]


def _unique(files: Any, items: list[Any]) -> list[Any]:
    return list({json_text(item): item for item in items}.values())


def _int(files: Any, value: Any) -> int:
    _number(value, (str, int, float))
    try:
        return int(value.strip()) if isinstance(value, str) else int(value)
    except (ValueError, TypeError):
        raise ValueError(f"{shortened(value)} is no whole number") from None


def _float(files: Any, value: Any) -> float:
    _number(value, (str, int, float, timedelta))
    try:
        return value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (ValueError, TypeError):
        raise ValueError(f"{shortened(value)} is no number") from None


def _number(value: Any, kinds: tuple[type, ...]) -> None:
    """What is JSON may be anything."""
    if not isinstance(value, kinds):
        raise ValueError(f"{to_text(value)[:80] or 'null'} is neither a text nor a number")


def _format(files: Any, value: Any, pattern: str) -> str:
    if any(int(number) > 1000 for number in re.findall(r"\d+", pattern)):
        raise ValueError(f"the width in {pattern!r} is over 1000")
    try:
        return format(value, pattern)
    except TypeError:
        raise ValueError(f"{shortened(value)} has no form {pattern!r}") from None


def _date(files: Any, value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(_text(value, "a date is written 2026-01-31"))


def _duration(files: Any, value: Any) -> timedelta:
    if isinstance(value, int | float):
        return timedelta(seconds=value)
    return (
        value if isinstance(value, timedelta) else parse_duration(_text(value, "a duration is written 1h30m").strip())
    )


def _size(files: Any, value: Any) -> int:
    return int(value) if isinstance(value, int | float) else parse_size(_text(value, "a size is written 64MiB").strip())


def _text(value: Any, otherwise: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{to_text(value)[:80]} is no text; {otherwise}")
    return value


_LONGEST = 64 * 2**20


def _matches(files: Any, text: str, pattern: str) -> bool:
    from flow_lang.patterns.matcher import found

    return found(pattern, text)


def _parse_json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise ValueError(f"the text is not JSON at line {error.lineno}, column {error.colno}: {why}") from None


def _replace(files: Any, text: str, old: str, new: str) -> str:
    if len(new) > len(old):
        _bounded(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _join(files: Any, items: list[Any], between: str = ", ") -> str:
    texts = [to_text(item) for item in items]
    _bounded(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _bounded(length: int) -> None:
    if length > _LONGEST:
        raise ValueError(f"a text of {length:,} characters is too long (at most {_LONGEST:,}); write it in a body")


def _chunks(files: Any, items: list[Any], most: int) -> list[list[Any]]:
    if most < 1:
        raise ValueError(f"lists of at most {most} elements hold nothing; `most` is 1 or more")
    return [items[at : at + most] for at in range(0, len(items), most)]


def _range(files: Any, start: int, stop: int | None = None, step: int = 1) -> list[int]:
    made = range(start) if stop is None else range(start, stop, step)
    if len(made) > 1_000_000:
        raise ValueError(f"a list of {len(made)} numbers is too long (at most 1,000,000)")
    return list(made)


def _lines_file(files: Any, items: list[Any]) -> File:
    texts = [to_text(item) for item in items]
    for text in texts:
        if "\n" in text:
            raise ValueError(f"an element holds a newline: {text[:80]!r}; use json_file()")
    made: File = files.write(".txt", "".join(text + "\n" for text in texts))
    return made


_ALL = (
    Function("count(items: list[T]) -> int", "How many elements there are.", lambda files, items: len(items)),
    Function("sum(items: list[N]) -> N", "All elements added up; 0 for an empty list.", _sum),
    Function("min(items: list[C]) -> C", "The smallest element.", lambda files, items: min(items)),
    Function("max(items: list[C]) -> C", "The largest element.", lambda files, items: max(items)),
    Function("range(start: int, stop?: int, step?: int) -> list[int]", "0 to start - 1, or start to stop - 1.", _range),
    Function("first(items: list[T]) -> T", "The first element.", lambda files, items: _one(files, items, 0, "first")),
    Function("last(items: list[T]) -> T", "The last element.", lambda files, items: _one(files, items, -1, "last")),
    Function(
        "sort(items: list[C], descending?: bool) -> list[C]",
        "In ascending order.",
        lambda files, items, descending=False: sorted(items, reverse=descending),
    ),
    Function("unique(items: list[T]) -> list[T]", "Each element once, where it came first.", _unique),
    Function("reverse(items: list[T]) -> list[T]", "From the last to the first.", lambda files, items: items[::-1]),
    Function(
        "flatten(items: list[list[T]]) -> list[T]",
        "The elements of the lists in one list.",
        lambda files, items: [element for item in items for element in item],
    ),
    Function(
        "slice(items: list[T], start: int, stop?: int) -> list[T]",
        "From element `start` to before `stop`, both counted from 0, or from the end where negative.",
        lambda files, items, start, stop=None: items[start:stop],
    ),
    Function("chunks(items: list[T], most: int) -> list[list[T]]", "Lists of at most `most` elements each.", _chunks),
    Function("all(conditions: list[bool]) -> bool", "Whether each is true.", lambda files, conditions: all(conditions)),
    Function("any(conditions: list[bool]) -> bool", "Whether one is true.", lambda files, conditions: any(conditions)),
    Function(
        "get(map: map[str, T], key: str) -> T?",
        "The value of a key, absent where there is none.",
        lambda files, map_, key: map_.get(key),
    ),
    Function("keys(map: map[str, T]) -> list[str]", "The keys of a map.", lambda files, map_: list(map_)),
    Function("values(map: map[str, T]) -> list[T]", "The values of a map.", lambda files, map_: list(map_.values())),
    Function(
        "join(items: list[T], between?: str) -> str",
        "One text of all elements; `between` is a comma and a space unless given.",
        _join,
    ),
    Function(
        "split(text: str, at?: str) -> list[str]",
        "The parts of a text between the places where `at` stands, or between white space.",
        lambda files, text, at=None: text.split(at),
    ),
    Function("lines(text: str) -> list[str]", "The lines of a text.", lambda files, text: text.splitlines()),
    Function(
        "contains(text: str, part: str) -> bool",
        "Whether `part` is in the text.",
        lambda files, text, part: part in text,
    ),
    Function(
        "starts_with(text: str, start: str) -> bool",
        "Whether the text starts so.",
        lambda files, text, start: text.startswith(start),
    ),
    Function(
        "ends_with(text: str, end: str) -> bool",
        "Whether the text ends so.",
        lambda files, text, end: text.endswith(end),
    ),
    Function(
        "replace(text: str, old: str, new: str) -> str",
        "The text with each `old` replaced.",
        _replace,
    ),
    Function("lower(text: str) -> str", "In small letters.", lambda files, text: text.lower()),
    Function("upper(text: str) -> str", "In capital letters.", lambda files, text: text.upper()),
    Function("trim(text: str) -> str", "Without white space at both ends.", lambda files, text: text.strip()),
    Function("str(value: T) -> str", "The value as text, as `~{}` would show it.", lambda files, value: to_text(value)),
    Function("int(value: T) -> int", "A text or number as an int; decimals are cut off.", _int),
    Function("float(value: T) -> float", "A text or number as a float; a duration in seconds.", _float),
    Function("abs(number: N) -> N", "Without its sign.", lambda files, number: abs(number)),
    Function(
        "round(number: float, digits?: int) -> float",
        "Rounded to that many decimals (0).",
        lambda files, number, digits=0: float(round(number, digits)),
    ),
    Function("format(value: T, pattern: str) -> str", 'By a pattern such as ".2f", ">8" or "%Y-%m".', _format),
    Function(
        "matches(text: str, pattern: str) -> bool",
        "Whether the regular expression is found in the text; `^` and `$` hold on to its ends.",
        _matches,
    ),
    Function("date(value: T) -> date", "A date from YYYY-MM-DD, or the day of a datetime in its own zone.", _date),
    Function(
        "datetime(text: str) -> datetime",
        "A datetime from YYYY-MM-DDTHH:MM:SS with a zone: Z, or an offset such as +02:00.",
        lambda files, text: zoned(text),
    ),
    Function(
        "duration(value: T) -> duration", "A text such as 1h30m, or a number of seconds, as a duration.", _duration
    ),
    Function("size(value: T) -> size", "A text such as 64MiB, or a number of bytes, as a size.", _size),
    Function("parse_json(text: str) -> json", "What a text holds as JSON.", lambda files, text: _parse_json(text)),
    Function("json(value: json) -> str", "The value as JSON text.", lambda files, value: json_text(value)),
    Function(
        "json_file(value: json) -> file",
        "A file with the value as JSON, for values of any size.",
        lambda files, value: files.write(".json", json_text(value)),
        pure=False,
    ),
    Function("lines_file(items: list[T]) -> file", "A file with one element a line.", _lines_file, pure=False),
    Function(
        "file(path: str) -> file",
        "A file that is there already; a relative path starts at the .flow file.",
        lambda files, path: files.stat(path),
        pure=False,
    ),
    Function(
        "dir(path: str) -> dir",
        "A folder that is there already; a relative path starts at the .flow file.",
        lambda files, path: files.stat(path),
        pure=False,
    ),
    Function(
        "glob(pattern: str) -> list[file]",
        "The files that match, sorted by path.",
        lambda files, pattern: files.glob(pattern),
        pure=False,
    ),
    Function(
        "words(items: list[T]) -> str",
        "In a shell body: one word for each element.",
        lambda files, items: " ".join(to_text(item) for item in items),
    ),
    Function("raw(value: T) -> str", "In a shell body: without any quoting.", lambda files, value: to_text(value)),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _ALL}
IMPLEMENTATIONS: dict[str, Callable[..., Any]] = {function.name: function.run for function in _ALL}
