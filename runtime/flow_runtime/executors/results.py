"""From what a body gave to a typed result: checked, with its files moved to the content store. Shared by all kinds of bodies."""

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any

from flow_lang.types import Type
from flow_lang.values import File, Mismatch, encode

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.work import Work
from flow_runtime.files import ContentStore
from flow_runtime.wire import dumps

LIMIT = 16 * 1024 * 1024
"""Characters of JSON that one result may have; larger values travel as files."""


def result_text(result: object) -> str:
    """A result as it is kept. Raises BodyFailed(too_large), and ValueError for a number that has no decimal text."""
    text = dumps(result)
    if len(text) > LIMIT:
        raise BodyFailed(
            "too_large",
            f"the result is {len(text) // 2**20:,} MiB of JSON, and {LIMIT // 2**20} MiB may be kept: give it as a file",
        )
    return text


def encode_result(settler: "Settler", type_: Type, value: Any, what: str = "its result") -> Any:
    """The JSON form of a result. Raises BodyFailed(type_mismatch, missing_file)."""
    try:
        return encode(type_, _settle(type_, value, settler))
    except Mismatch as error:
        raise BodyFailed(
            "type_mismatch", f"{what} does not have the declared type: {error}", value=error.shown
        ) from error


def declared_path(settler: "Settler", type_: Type, path: str) -> str | None:
    """The path of a result that is declared with one; None where a `T?` has nothing there."""
    return None if type_.kind == "optional" and not settler.exists(path) else path


class Settler:
    """Finds the files of one attempt's results: relative paths start at the scratch folder, and what lies inside it is kept in the store."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._moved: dict[str, str] = {}

    @cached_property
    def _scratch(self) -> str:
        return os.path.realpath(self._work.scratch)

    @property
    def _store(self) -> ContentStore:
        return ContentStore(self._work.place.files)

    def file(self, path: str) -> File:
        name, real = self._found(path)
        if not os.path.isfile(real):
            raise BodyFailed("missing_file", f"the result file {path} {self._lacking(real)}")
        if not self._inside(real):
            return File(real, os.stat(real).st_size)
        return self._shared(self._store.keep(real, name))

    def folder(self, path: str) -> File:
        name, real = self._found(path)
        if not os.path.isdir(real):
            raise BodyFailed("missing_file", f"the result folder {path} {self._lacking(real)}")
        if real == self._scratch:
            raise BodyFailed(
                "missing_file", f"the result folder {path} is the task's own, which goes with it: make a folder in it"
            )
        if not self._inside(real):
            return File(real)
        attempt = f"{self._work.run}-{self._work.seq}-{self._work.attempt}"
        kept = self._store.keep_folder(real, f"{attempt}-{len(self._moved)}", name)
        self._moved[real] = kept.path
        return self._shared(kept)

    def _shared(self, kept: File) -> File:
        """Before the answer that names it is given, other hosts can fetch it."""
        place = self._work.place
        if place.storage:
            from flow_runtime.executors.sharing import publish

            publish(place.files, place.storage, kept.path)
        return kept

    def exists(self, path: str) -> bool:
        return os.path.lexists(self._found(path)[1])

    def _found(self, path: str) -> tuple[str, str]:
        """The name that a result was given, and where it really is: links are followed, and so are folders that were moved."""
        full = os.path.normpath(os.path.join(self._scratch, path))
        real = os.path.realpath(full)
        for before, after in self._moved.items():
            if real == before or real.startswith(before + os.sep):
                real = after + real[len(before) :]
        return os.path.basename(full), real

    def _inside(self, real: str) -> bool:
        return any(real.startswith(folder + os.sep) for folder in (self._scratch, *self._moved.values()))

    def _lacking(self, real: str) -> str:
        if os.path.exists(real):
            return "is there, but is of another kind"
        names = sorted(os.listdir(self._scratch)) if os.path.isdir(self._scratch) else []
        there = ", ".join([name for name in names if not name.startswith(".flow-")][:10])
        return f"is not there; the folder of the task holds: {there or 'nothing'}"


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
