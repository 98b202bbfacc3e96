"""From what a body gave to a typed result: checked, with its files moved to the content store. Shared by all kinds of bodies."""

import os
from collections.abc import Callable
from typing import Any

from flow_lang.types import Type
from flow_lang.values import File, Mismatch, encode

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.work import Work
from flow_runtime.files import ContentStore

LIMIT = 16 * 1024 * 1024
"""Bytes of JSON that one result may have; larger values travel as files."""


def encode_result(work: Work, type_: Type, value: Any, what: str = "its result") -> Any:
    """The JSON form of a result. Raises BodyFailed(type_mismatch, missing_file)."""
    try:
        return encode(type_, _settle(type_, value, Settler(work)))
    except Mismatch as error:
        raise BodyFailed(
            "type_mismatch", f"{what} does not have the declared type: {error}", value=error.shown
        ) from error


class Settler:
    """Finds the files of a result: relative paths start at the scratch folder, and what lies inside it is moved to the store."""

    def __init__(self, work: Work) -> None:
        self._scratch = os.getcwd()
        self._name = f"{work.run}-{work.seq}-{work.attempt}"
        self._store = ContentStore(work.place.files)

    def file(self, path: str) -> File:
        full = os.path.normpath(os.path.join(self._scratch, path))
        if not os.path.isfile(full):
            there = ", ".join(sorted(os.listdir(self._scratch))[:10]) or "nothing"
            raise BodyFailed(
                "missing_file", f"the result file {path} is not there; the folder of the task holds: {there}"
            )
        if os.path.realpath(full).startswith(os.path.realpath(self._scratch) + os.sep):
            return self._store.keep(full)
        return File(full, os.stat(full).st_size)

    def folder(self, path: str) -> File:
        full = os.path.normpath(os.path.join(self._scratch, path))
        if not os.path.isdir(full):
            raise BodyFailed("missing_file", f"the result folder {path} is not there")
        if os.path.realpath(full).startswith(os.path.realpath(self._scratch) + os.sep):
            return self._store.keep_folder(full, self._name)
        return File(full)


def _settle(type_: Type, value: Any, settler: Settler) -> Any:
    if value is None:
        return None
    settle = _SETTLE.get(type_.kind)
    return settle(type_, value, settler) if settle else _plain_number(value)


def _file(type_: Type, value: Any, settler: Settler) -> Any:
    path = _path_of(value)
    if path is None:
        return value
    return settler.file(path) if type_.kind == "file" else settler.folder(path)


def _path_of(value: Any) -> str | None:
    if isinstance(value, File):
        return value.path
    if isinstance(value, str | os.PathLike):
        return str(os.fspath(value))
    return None


def _list(type_: Type, value: Any, settler: Settler) -> Any:
    if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
        return value
    return [_settle(type_.item or type_, item, settler) for item in value]


def _map(type_: Type, value: Any, settler: Settler) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _settle(type_.item or type_, item, settler) for key, item in value.items()}


def _record(type_: Type, value: Any, settler: Settler) -> Any:
    fields = value if isinstance(value, dict) else _attributes(value)
    if not isinstance(fields, dict):
        return value
    return {name: _settle(type_.field(name) or type_, item, settler) for name, item in fields.items()}


def _attributes(value: Any) -> Any:
    """The fields of a dataclass or a named tuple."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return value._asdict() if hasattr(value, "_asdict") else value


def _json(type_: Type, value: Any, settler: Settler) -> Any:
    return _attributes(_plain_number(value))


def _optional(type_: Type, value: Any, settler: Settler) -> Any:
    return _settle(type_.item or type_, value, settler)


def _plain_number(value: Any) -> Any:
    """A numpy scalar is the number that it holds."""
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value


_SETTLE: dict[str, Callable[[Type, Any, Settler], Any]] = {
    "file": _file,
    "dir": _file,
    "list": _list,
    "map": _map,
    "record": _record,
    "json": _json,
    "optional": _optional,
}
