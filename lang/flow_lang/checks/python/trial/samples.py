"""Sample values: one of each type, which stands for all of that type. What is not known of a value is `ANY`."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from flow_lang.types import Type


class _Any:
    """Nothing is known of it, and so nothing is wrong with it."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Any = _Any()
TEXT = "text"
_MOST = 1000
"""The largest number, and the longest text and list, that a try goes on with."""


class Record(dict[str, Any]):
    """A record as a body meets it: a dict whose fields are attributes too."""

    def __init__(self, type_: Type) -> None:
        super().__init__({name: sample(field) for name, field in zip(type_.names, type_.fields, strict=True)})
        self.type = type_


class Map(dict[str, Any]):
    """A map, whose keys are not known."""

    def __init__(self, item: Any) -> None:
        super().__init__({TEXT: item})
        self.item = item


class Iterated(list[Any]):
    """What a generator, `map` or `zip` gives: it can be gone over, and has no places."""


class Method:
    """A method of a value, not called yet."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner, self.name = owner, name


_SCALARS: dict[str, Any] = {
    "str": TEXT,
    "enum": TEXT,
    "int": 1,
    "size": 1,
    "float": 1.5,
    "bool": True,
    "date": date(2026, 1, 31),
    "datetime": datetime(2026, 1, 31, tzinfo=UTC),
    "duration": timedelta(seconds=1),
    "file": Path("sample.txt"),
    "dir": Path("sample"),
}


def sample(type_: Type) -> Any:
    """A value as a Python body meets it. A list has two elements, so that it is seen whether they can be compared; JSON can be anything. What
    may be absent is there: what fails then fails for None as well."""
    if type_.kind == "optional" and type_.item is not None:
        return sample(type_.item)
    if type_.kind == "list" and type_.item is not None:
        item = sample(type_.item)
        return [item, item]
    if type_.kind == "map" and type_.item is not None:
        return Map(sample(type_.item))
    if type_.kind == "record":
        return Record(type_)
    return _SCALARS.get(type_.kind, ANY)


def complete(value: Any) -> bool:
    """Whether all of a value is known that an operator may look at."""
    if isinstance(value, Record | Map):
        return True
    if isinstance(value, dict):
        return all(complete(item) for item in value.values())
    if isinstance(value, list | tuple | set):
        return all(complete(item) for item in value)
    return value is not ANY and not isinstance(value, Method)


def shaped(value: Any) -> bool:
    """Whether the type of a value is known, be its elements or not."""
    return value is not ANY and not isinstance(value, Method)


def small(value: Any) -> Any:
    """What a try has made, where it has not grown: a chain of products would fill the memory."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MOST:
        return 1
    return ANY if isinstance(value, str | bytes | list | tuple) and len(value) > _MOST else value


def alike(values: list[Any]) -> Any:
    """What stands for each of these: the first where they are of one type."""
    if len({type(value) for value in values}) != 1:
        return ANY
    if isinstance(values[0], tuple) and len({len(value) for value in values}) == 1:
        return tuple(alike(list(parts)) for parts in zip(*values, strict=True))
    return values[0] if not isinstance(values[0], list | dict) or len({repr(value) for value in values}) == 1 else ANY


def kind(value: Any) -> str:
    """What a value is, in words of its user: `a Station`, `a list of str`, `the module re`."""
    if value is None:
        return "None"
    if isinstance(value, ModuleType):
        return f"the module `{value.__name__}`"
    if type(value) is list and value and shaped(value[0]) and value[0] is not None:
        return f"a list of {kind(value[0]).split(' ', 1)[1]}" if type(value[0]) is not list else "a list of lists"
    if isinstance(value, type):
        return f"the class `{value.__name__}` itself"
    if isinstance(value, Method | FunctionType | BuiltinFunctionType):
        return f"the function `{value.name if isinstance(value, Method) else value.__name__}` itself"
    names: dict[type, str] = {
        Record: str(getattr(value, "type", Type("")).name) or "record",
        Map: "map",
        Iterated: "generator",
    }
    name = "Path" if isinstance(value, Path) else names.get(type(value), type(value).__name__)
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} `{name}`"
