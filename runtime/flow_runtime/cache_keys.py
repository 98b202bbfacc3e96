"""The cache key of a task: its code and the values that it is run with, files by content."""

import json
import os
from collections.abc import Callable
from typing import Any

from flow_lang.bundle import task_to_json
from flow_lang.digests import sha256_of
from flow_lang.named import NamedTuple
from flow_lang.plan import Plan, Task
from flow_lang.values import File, plain

from flow_runtime.wire import dumps


class CacheKey(NamedTuple):
    """`components` name what the digest is made of: `code`, and each input; a hash of each tells later which one has changed."""

    digest: str
    components: dict[str, str]


_CODE = ("body", "inputs", "outputs", "result", "single", "loop")
"""What of a task decides what it gives. Not its retries, times, pool or place in the file."""


class CacheKeys:
    """Makes the keys of one workflow's tasks; the content of files is read once while they do not change."""

    def __init__(self, plan: Plan, here: Callable[[str], str] | None = None, namespace: str = "default") -> None:
        """`here` gives the path on this host of a file that another may have kept. No `namespace` is answered with what another one kept."""
        self._namespace = namespace
        self._plan = plan
        self._here = here
        self._code: dict[str, str] = {}
        self._contents: dict[tuple[str, int, int], str] = {}

    def key(self, task: Task, values: dict[str, Any]) -> CacheKey:
        """`values` are the inputs, or what `key(...)` names instead, in memory. Raises OSError where a file cannot be read."""
        components = {"code": self.code(task)}
        components |= {name: sha256_of(dumps(self._hashed(value))) for name, value in values.items()}
        digest = sha256_of(dumps(components))
        if self._namespace != "default":
            digest = sha256_of(f"{self._namespace} {digest}")
        return CacheKey(digest, components)

    def code(self, task: Task) -> str:
        """A digest of the task's own code, and of the Python files that it may import."""
        if task.name not in self._code:
            spec = _own_code(task)
            if task.body.kind in ("python", "call"):
                sources = self._plan.sources.items()
                spec["sources"] = [[path, text] for path, text in sorted(sources) if path.endswith(".py")]
            self._code[task.name] = sha256_of(json.dumps(spec, sort_keys=False))
        return self._code[task.name]

    def _hashed(self, value: Any) -> Any:
        """The JSON form, with the digest of its content in place of each file."""
        if isinstance(value, File):
            return self._content(value.path if self._here is None else self._here(value.path))
        if isinstance(value, list):
            return [self._hashed(item) for item in value]
        if isinstance(value, dict):
            return {name: self._hashed(item) for name, item in value.items()}
        return plain(value)

    def _content(self, path: str) -> str:
        if os.path.isdir(path):
            return sha256_of(dumps([[name, self._content(full)] for name, full in _below(path)]))
        status = os.stat(path)
        mark = (path, status.st_mtime_ns, status.st_size)
        if mark not in self._contents:
            import hashlib

            with open(path, "rb") as stream:
                self._contents[mark] = hashlib.file_digest(stream, "sha256").hexdigest()
        return self._contents[mark]


def is_there(value: Any, want: Callable[[str], bool] = os.path.exists) -> bool:
    """Whether every file in a kept result still exists. `want` is asked for each path, and may note that it is used again."""
    if isinstance(value, File):
        return want(value.path)
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(is_there(item, want) for item in values)


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The components that differ, in the order in which a person reads them."""
    names = list(dict.fromkeys([*now, *before]))
    return [name for name in names if before.get(name) != now.get(name)]


def changed_files(before: Plan, now: Plan, name: str) -> list[str]:
    """The Python files that changed the code of a task; none where its own text did, or where it was no task before."""
    old = next((task for task in before.workflow.tasks if task.name == name), None)
    if old is None or _own_code(old) != _own_code(now.workflow.task(name)):
        return []
    paths = sorted(path for path in {*before.sources, *now.sources} if path.endswith(".py"))
    return [path for path in paths if before.sources.get(path) != now.sources.get(path)]


def _own_code(task: Task) -> dict[str, Any]:
    packed = task_to_json(task)
    packed["body"].pop("line", None)
    return {name: packed.get(name) for name in _CODE}


def _below(folder: str) -> list[tuple[str, str]]:
    found = []
    for where, _, names in os.walk(folder):
        found += [(os.path.relpath(os.path.join(where, name), folder), os.path.join(where, name)) for name in names]
    return sorted(found)
