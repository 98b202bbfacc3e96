"""Runs as the JSON documents that `--json` prints and the server answers: times in ISO 8601, files as paths."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flow_engine.awaits import read_awaits
from flow_engine.model import CacheEntry, RunRecord, TaskRecord
from flow_lang.plan import Plan
from flow_lang.types import Type, optional
from flow_lang.values import decode, plain

from flow_runtime.labels import LabelWaits
from flow_runtime.run_reads import RunReads


def run_document(
    store: RunReads, record: RunRecord, with_tasks: bool = True, rows: Sequence[TaskRecord] | None = None
) -> dict[str, Any]:
    """`rows` are those of the run, with their values, where they have been read already."""
    plan = store.plan(record.plan_hash, record.workflow)
    document: dict[str, Any] = {
        "run": record.id,
        "workflow": record.workflow,
        "state": record.state,
        "created_at": moment(record.created_at),
        "started_at": moment(record.started_at),
        "finished_at": moment(record.finished_at),
        "params": record.params,
        "result": external(plan.workflow.result, record.result),
        "error": _loads(record.error),
    }
    if record.parent is not None:
        document["parent"] = record.parent
    if with_tasks:
        found = store.tasks(record.id, values=True) if rows is None else rows
        waits = LabelWaits(store)
        document["tasks"] = [task_document(plan, row, waits.text(plan, row)) for row in found]
    return document


def task_document(plan: Plan, row: TaskRecord, waits_for: str = "") -> dict[str, Any]:
    """`waits_for`: what it waits for that is not of its run (labels.py)."""
    task = plan.workflow.tasks[row.node]
    document = {
        "key": key_of(plan, row),
        "state": row.state,
        "attempt": row.attempt,
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
        "result": external(task.result, row.result),
        "error": _loads(row.error),
    }
    if row.size is not None:
        document["instances"] = row.size
    if waits_for:
        document["waits_for"] = waits_for
    if row.override is not None:
        document["override"] = json.loads(row.override)
    if hit := cached_from(row):
        document["cached_from"] = hit
    if row.awaits is not None and row.state == "waiting":
        kind, name, text, due = read_awaits(row.awaits)
        document["awaits"] = {"kind": kind, "name": name, "text": text, "until": moment(due)}
    return document


def key_of(plan: Plan, row: TaskRecord) -> str:
    """A task's name, with its position where it is an instance of a `for`: `fetch[3]`."""
    name = plan.workflow.tasks[row.node].name
    return name if row.place is None else f"{name}[{row.place}]"


def cached_from(row: TaskRecord) -> str:
    """The run that its result was taken from, or nothing."""
    return CacheEntry(*json.loads(row.cache)).hit if row.cache else ""


def override_text(row: TaskRecord) -> str:
    """`n = 5, day = "2026-01-31"`: the values that a replay has given it; empty where none has."""
    values = json.loads(row.override) if row.override else {}
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())


def external(type_: Type, text: str | None) -> Any:
    """A stored result as people see it."""
    return None if text is None else plain(decode(optional(type_), json.loads(text)))


def moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
