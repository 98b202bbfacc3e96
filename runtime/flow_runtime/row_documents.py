"""The rows of a run on their way from a server to the command, which shows them as it shows those of its own state.

Fields are named, so that either side may have some that the other does not know.
"""

from typing import Any

from flow_engine.errors import Refused
from flow_engine.model import RunRecord, TaskRecord

_SECRETIVE = ("owner", "worker")
"""Whose they are is nobody's business elsewhere."""


def record_document(record: RunRecord) -> dict[str, Any]:
    return {name: value for name, value in record._asdict().items() if name not in _SECRETIVE}


def row_document(row: TaskRecord) -> dict[str, Any]:
    """Without what has no value."""
    return {name: value for name, value in row._asdict().items() if value is not None and name not in _SECRETIVE}


def record_of(document: dict[str, Any]) -> RunRecord:
    """Raises Refused where the other side is of a version that has less."""
    given: dict[str, Any] = {name: document.get(name) for name in RunRecord._fields}
    if not isinstance(given["id"], str) or not isinstance(given["labels"], list):
        raise Refused("the server is of another version of Flow: use the same one here and there")
    given["labels"] = tuple(given["labels"])
    return RunRecord(**given)


def row_of(document: dict[str, Any]) -> TaskRecord:
    given: dict[str, Any] = {name: document.get(name) for name in TaskRecord._fields}
    return TaskRecord(**given)
