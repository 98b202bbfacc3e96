"""Runs and tasks as the API answers them: the documents of `flow status --json`, with what a server adds."""

import json
from collections.abc import Sequence
from typing import Any

from flow_engine.model import NewRun, RunRecord, TaskRecord
from flow_engine.states import QUEUED, SUCCEEDED
from flow_engine.stores.contract import Store
from flow_engine.stores.memory.rows import begun
from flow_lang.plan import Plan
from flow_runtime.document import key_of, moment, run_document, task_document
from flow_runtime.labels import LabelWaits
from starlette.responses import Response

from flow_server.problem import Problem

TASKS = 1000
"""Tasks that one answer holds."""


def begun_document(store: Store, new: NewRun) -> dict[str, Any]:
    """A run as it has just been kept; nothing is read for it."""
    record, rows = begun(new)
    return _whole(run_summary(store, record), _page(store, record.id, new.plan, rows, 0, TASKS))


def run_summary(store: Store, record: RunRecord) -> dict[str, Any]:
    """A run without its tasks."""
    start = record.reopened_at if record.state == QUEUED else None
    return run_document(store, record, with_tasks=False) | {
        "start_at": moment(start),
        "priority": record.priority,
        "labels": list(record.labels),
        "cancel_requested_at": moment(record.cancel_requested_at),
    }


def run_whole(store: Store, record: RunRecord) -> dict[str, Any]:
    """A run with its first tasks; `next_tasks` is the cursor of the others, or null."""
    return _whole(run_summary(store, record), tasks_page(store, record, 0, TASKS))


def _whole(summary: dict[str, Any], page: dict[str, Any]) -> dict[str, Any]:
    return summary | {"tasks": page["tasks"], "next_tasks": page["next_cursor"]}


def tasks_page(store: Store, record: RunRecord, cursor: int, limit: int) -> dict[str, Any]:
    """Tasks in the order of `seq`, from the row `cursor` on."""
    plan = store.plan(record.plan_hash, record.workflow)
    return _page(store, record.id, plan, store.tasks(record.id), cursor, limit)


def _page(store: Store, run: str, plan: Plan, rows: Sequence[TaskRecord], cursor: int, limit: int) -> dict[str, Any]:
    shown = _with_results(store, run, rows[cursor : cursor + limit])
    following = cursor + limit if cursor + limit < len(rows) else None
    waits = LabelWaits(store)
    tasks = [task_document(plan, row, waits.text(plan, row)) for row in shown]
    return {"run": run, "tasks": tasks, "next_cursor": following}


def find_task(store: Store, record: RunRecord, key: str) -> TaskRecord:
    """The row of `fetch` or `fetch[3]`. Raises Problem."""
    plan = store.plan(record.plan_hash, record.workflow)
    for row in store.tasks(record.id):
        if key_of(plan, row) == key:
            return _with_results(store, record.id, [row])[0]
    raise unknown_task(plan, record, key)


def _with_results(store: Store, run: str, rows: Sequence[TaskRecord]) -> list[TaskRecord]:
    """Only those that have succeeded have one."""
    asked = [row.seq for row in rows if row.state == SUCCEEDED]
    results = dict(zip(asked, store.results(run, asked), strict=True)) if asked else {}
    return [row._replace(result=results.get(row.seq)) for row in rows]


def unknown_task(plan: Plan, record: RunRecord, key: str) -> Problem:
    names = ", ".join(task.name for task in plan.workflow.tasks[:50])
    return Problem(404, "unknown-task", f"run {record.id} has no task {key[:200]}; its workflow has: {names}")


def json_bytes(document: Any) -> bytes:
    """Made in the thread that read the document, so that a large one does not hold the event loop up."""
    return json.dumps(document, separators=(",", ":")).encode()


def answer(data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(data, status, headers, "application/json")
