"""What a task's page shows, as data."""

import json
import os
import re
from typing import Any, NamedTuple

from flow_engine import states
from flow_engine.model import AttemptRecord, RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan
from flow_runtime.document import cached_from, external, key_of, override_text
from flow_runtime.executors.work import captured_path, log_name
from flow_runtime.log_files import LogFiles
from flow_runtime.replays import refusal_of
from flow_runtime.task_log import Place, TaskLog
from flow_runtime.why import Why

from flow_server.documents import find_task
from flow_server.pages.source_view import SourceLine, lines_of, source_lines, source_of
from flow_server.pages.task_inputs import Input, inputs_of

TAIL = 64 << 10
"""Bytes of an attempt's log that the page shows; the rest is behind a link."""
LOGS = 10
"""Attempts whose logs are on the page, the newest ones."""
SHOWN = 20_000
"""Characters of a result."""
INSTANCES = 500
_COLUMNS = re.compile(r" {2,}")
"""As a terminal shows them."""


class Attempt(NamedTuple):
    """`place` is where a stream goes on after `log`. `cut`: the log has more before."""

    number: int
    state: str
    worker: str
    started_at: float | None
    took: float | None
    message: str
    given: str
    log: str | None
    cut: bool
    place: str


class Instance(NamedTuple):
    key: str
    state: str
    attempt: int
    took: float | None


class TaskView(NamedTuple):
    record: RunRecord
    key: str
    row: TaskRecord
    doc: str
    error: dict[str, Any]
    attempts: list[Attempt]
    inputs: list[Input]
    result: str | None
    why: list[str]
    source: list[SourceLine]
    instances: list[Instance]
    hidden: int
    refusal: str
    """Why it cannot be tried again now; empty where it can."""
    over: bool
    cached: str


def task_view(store: Store, logs: LogFiles | None, run: str, key: str) -> TaskView:
    """Without the text of logs where `logs` is None. Raises Problem."""
    record = store.run(run)
    plan = store.plan(record.plan_hash, record.workflow)
    row = find_task(store, record, key)
    task = plan.workflow.tasks[row.node]
    rows = store.tasks(record.id) if row.size is not None else []
    instances = sorted((one for one in rows if one.node == row.node and one.place is not None), key=_order)
    lines = lines_of(plan, task.name)
    return TaskView(
        record,
        key_of(plan, row),
        row,
        task.doc,
        json.loads(row.error) if row.error else {},
        _attempts(store, logs, record, row),
        inputs_of(store, record, task.name, row.place),
        _result(plan, row),
        [_COLUMNS.sub(" · ", line.strip()) for line in Why(store, record).lines(row)],
        [line._replace(marked=False) for line in source_lines(source_of(plan)) if line.number in lines],
        [Instance(key_of(plan, one), one.state, one.attempt, _took(one)) for one in instances[:INSTANCES]],
        max(len(instances) - INSTANCES, 0),
        refusal_of(record) if row.state == states.FAILED else "it has not failed",
        row.state in states.FINAL or record.finished_at is not None,
        cached_from(row),
    )


def _order(row: TaskRecord) -> tuple[bool, int]:
    return row.state in (states.SUCCEEDED, states.SKIPPED), row.seq


def _attempts(store: Store, logs: LogFiles | None, record: RunRecord, row: TaskRecord) -> list[Attempt]:
    """The newest first."""
    if row.size is not None:
        return []
    ended = {one.attempt: one for one in store.attempts(record.id, row.seq)}
    written = set() if logs is None else logs.names(record.id)
    found = []
    for number in range(row.attempt, 0, -1):
        one = ended.get(number)
        made = _ended(one) if one is not None else _latest(row, number)
        if logs is not None and number > row.attempt - LOGS:
            made = _with_log(made, logs, record, row, written, one is not None or row.state in states.FINAL)
        found.append(made)
    return found


def _ended(one: AttemptRecord) -> Attempt:
    error = json.loads(one.error) if one.error else {}
    given = override_text_of(one.override)
    took = one.finished_at - (one.started_at or one.claimed_at)
    message = str(error.get("message", ""))
    return Attempt(one.attempt, one.state, one.worker, one.started_at, took, message, given, None, False, "")


def _latest(row: TaskRecord, number: int) -> Attempt:
    """Of an attempt that is not written down by itself: the first one that succeeds, or what runs."""
    error = json.loads(row.error) if row.error else {}
    message = str(error.get("message", "")) if row.state in states.FINAL else ""
    worker = row.worker or ""
    return Attempt(number, row.state, worker, row.started_at, _took(row), message, override_text(row), None, False, "")


def override_text_of(text: str | None) -> str:
    values = json.loads(text) if text else {}
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())


def _with_log(
    made: Attempt, logs: LogFiles, record: RunRecord, row: TaskRecord, written: set[str], over: bool
) -> Attempt:
    name = log_name(row.seq, made.number)
    if name not in written and f"{name}.out" not in written:
        return made._replace(place=str(Place(made.number)))
    path = logs.path(record.id, name)
    place = Place(made.number, _start(captured_path(path)), _start(path))
    log = TaskLog(logs, record.id, row.seq, place)
    text = "".join(log.new(made.number, over))
    return made._replace(log=text, cut=bool(place.captured or place.log), place=str(log.place))


def _start(path: str) -> int:
    try:
        return max(os.stat(path).st_size - TAIL, 0)
    except FileNotFoundError:
        return 0


def _result(plan: Plan, row: TaskRecord) -> str | None:
    if row.result is None:
        return None
    value = external(plan.workflow.tasks[row.node].result, row.result)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _took(row: TaskRecord) -> float | None:
    return None if row.started_at is None or row.finished_at is None else row.finished_at - row.started_at
