"""What a run's page shows, as data."""

import json
import os
import time
import zlib
from collections import Counter
from typing import Any, NamedTuple

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan
from flow_lang.values import decode, plain
from flow_runtime.document import external, key_of
from flow_runtime.executors.work import log_name
from flow_runtime.labels import LabelWaits
from flow_runtime.log_files import LogFiles
from flow_runtime.signals import awaits_of

from flow_server.pages.source_view import SourceLine, lines_of, source_lines, source_of
from flow_server.pages.timeline import Lane, timeline

INSTANCES = 200
"""Instances of `for` tasks that the page lists; those that did not go well come first."""
LANES = 200
"""Rows that have a lane in the timeline."""
_NO_LANE = Lane((), "")
FAILURES = 3
"""Failed tasks that are shown whole."""
LOG_TAIL = 4000
LOG_LINES = 20
SHOWN = 4000
"""Characters of a value that are shown."""


class Row(NamedTuple):
    key: str
    state: str
    instance: bool
    attempt: int
    started_at: float | None
    took: float | None
    note: str
    log: bool
    lane: Lane


class Failure(NamedTuple):
    key: str
    attempt: int
    message: str
    output: str
    kind: str


class RunView(NamedTuple):
    record: RunRecord
    place: str
    took: float | None
    params: list[tuple[str, str]]
    result: str | None
    error: str
    rows: list[Row]
    hidden: int
    failures: list[Failure]
    more_failures: int
    counts: list[tuple[str, int]]
    version: str
    """Changes when the drawing does."""
    total: float
    """Seconds of the timeline."""
    source: list[SourceLine]
    file: str


def run_view(store: Store, logs: LogFiles, name: str) -> RunView:
    record = store.run(name)
    plan = store.plan(record.plan_hash, record.workflow)
    found = store.tasks(record.id)
    rows = _rows(plan, found, record, logs, LabelWaits(store))
    failed = [row for row in found if row.state == states.FAILED and row.error]
    counts = Counter(row.state for row in found if row.place is not None or row.size is None)
    version = zlib.crc32(
        json.dumps([record.state, *sorted((row.seq, row.state, row.attempt) for row in found)]).encode()
    )
    shown = [seq for seq, _ in rows]
    names = {plan.workflow.tasks[row.node].name for row in failed}  # a `for` may have 100,000 of one name
    drawn = timeline(store, record, plan, found, shown[:LANES])
    return RunView(
        record,
        _place(plan, record),
        _since(record.started_at, record.finished_at),
        _params(plan, record),
        _result(plan, record),
        json.loads(record.error).get("message", "") if record.error else "",
        [row._replace(lane=drawn.lanes.get(seq, _NO_LANE)) for seq, row in rows],
        len(found) - len(rows),
        [_failure(plan, row, record, logs) for row in failed[:FAILURES]],
        max(len(failed) - FAILURES, 0),
        [(state, counts[state]) for state in states.TRANSITIONS if counts[state]],
        f"{version:x}",
        drawn.total,
        source_lines(source_of(plan), (line for name in names for line in lines_of(plan, name))),
        plan.workflow.file or plan.file,
    )


def _rows(
    plan: Plan, found: list[TaskRecord], record: RunRecord, logs: LogFiles, labels: LabelWaits
) -> list[tuple[int, Row]]:
    """Each task, and below a `for` its instances, the interesting ones first; with its `seq`."""
    written = logs.names(record.id)
    instances: dict[int, list[TaskRecord]] = {}
    for row in found:
        if row.place is not None:
            instances.setdefault(row.node, []).append(row)
    rows: list[tuple[int, Row]] = []
    left = INSTANCES
    for row in found:
        if row.place is not None:
            continue
        group = sorted(instances.get(row.node, ()), key=lambda item: (item.state in _FINE, item.seq))
        rows.append((row.seq, _row(plan, row, written, _group_note(row, group) or _label_note(plan, row, labels))))
        rows += [
            (item.seq, _row(plan, item, written, _label_note(plan, item, labels) or _note(item)))
            for item in group[:left]
        ]
        left = max(left - len(group), 0)
    return rows


_FINE = (states.SUCCEEDED, states.SKIPPED, states.READY, states.BLOCKED)


def _row(plan: Plan, row: TaskRecord, written: set[str], note: str) -> Row:
    took = _since(row.started_at, row.finished_at)
    has_log = f"{row.seq}.{row.attempt}.log" in written
    key = key_of(plan, row)
    return Row(key, row.state, row.place is not None, row.attempt, row.started_at, took, note, has_log, _NO_LANE)


def _group_note(row: TaskRecord, group: list[TaskRecord]) -> str:
    if row.size is None:
        return _note(row)
    done = sum(item.state in states.FINAL for item in group)
    failed = sum(item.state in (states.FAILED, states.UPSTREAM_FAILED) for item in group)
    return f"{done:,} of {row.size:,} done" + (f", {failed:,} failed" if failed else "")


def _note(row: TaskRecord) -> str:
    """Why a task is as it is, in a few words."""
    if row.error and row.state in (states.FAILED, states.CANCELLED):
        return str(json.loads(row.error).get("message", ""))[:200]
    awaits = awaits_of(row)
    if awaits is not None and awaits.kind != "timer":
        return f"waits for the {awaits.kind}{' ' + (awaits.text or awaits.name) if awaits.kind != 'child' else ' run'}"[
            :200
        ]
    if row.state == states.WAITING and row.ready_at is not None:
        return f"starts in {max(row.ready_at - time.time(), 0):.0f} s"
    return ""


def _label_note(plan: Plan, row: TaskRecord, labels: LabelWaits) -> str:
    found = labels.text(plan, row)
    return f"waits for {found}" if found else ""


def _failure(plan: Plan, row: TaskRecord, record: RunRecord, logs: LogFiles) -> Failure:
    error: dict[str, Any] = json.loads(row.error or "{}")
    key, message = key_of(plan, row), str(error.get("message", ""))
    if error.get("traceback"):
        return Failure(key, row.attempt, message, _short(str(error["traceback"])), "Traceback")
    tail = _tail(logs.path(record.id, log_name(row.seq, row.attempt))) or str(error.get("log", ""))
    return Failure(key, row.attempt, message, tail, "Last output")


def _tail(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(os.fstat(stream.fileno()).st_size - LOG_TAIL, 0))
            text = stream.read(LOG_TAIL).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-LOG_LINES:])


def _params(plan: Plan, record: RunRecord) -> list[tuple[str, str]]:
    types = {param.name: param.type for param in plan.workflow.params}
    found = []
    for name, value in record.params.items():
        shown = plain(decode(types[name], value)) if name in types else value
        found.append((name, _short(json.dumps(shown, ensure_ascii=False))))
    return found


def _place(plan: Plan, record: RunRecord) -> str:
    """Where the file is; a source that was sent lies nowhere, and one that was deployed in a folder of the state."""
    if os.path.basename(record.folder).startswith("deployed-"):
        return "deployed"
    sent = os.path.basename(record.folder) == record.id
    return "sent over HTTP" if sent else os.path.join(record.folder, plan.file)


def _result(plan: Plan, record: RunRecord) -> str | None:
    if record.state != states.SUCCEEDED:
        return None
    value = external(plan.workflow.result, record.result)
    if value is None:
        return None
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _since(started: float | None, ended: float | None) -> float | None:
    return None if started is None else max((ended or time.time()) - started, 0.0)
