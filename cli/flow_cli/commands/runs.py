"""`flow list`, `flow status`, `flow logs`, `flow cancel`: the runs of a state."""

import json
import os
import sys
import time
from typing import Any

from flow_engine import states
from flow_engine.errors import Unreadable
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_engine.stores.reads import readable
from flow_engine.stores.sqlite import SqliteStore
from flow_lang.plan import Plan
from flow_runtime.document import cached_from, key_of, override_text, run_document
from flow_runtime.embedded import Embedded, open_store
from flow_runtime.executors.contract import need_kinds
from flow_runtime.signals import awaits_of
from flow_runtime.state_folder import StateFolder, find_state

from flow_cli import exits
from flow_cli.critical import add_times, slack_text, steps_text, timeline
from flow_cli.failure import CommandError
from flow_cli.failures import failure_report
from flow_cli.progress.text import counted, printable, seconds, waits_for

FOLLOW = 0.1
"""Seconds between two looks of `logs -f`."""
_BUSY = (*states.IN_FLIGHT, states.EXPANDING)


def here() -> tuple[StateFolder, Store]:
    """The state of the working folder. To look at one that is not there does not make it."""
    state = find_state(os.getcwd())
    there = state.database_url or os.path.exists(state.database)
    return state, open_store(state) if there else SqliteStore(":memory:")


def list_runs(wanted: RunFilter, as_json: bool) -> int:
    if wanted.state is not None and wanted.state not in states.OF_RUNS:
        known = ", ".join(states.OF_RUNS)
        raise CommandError(exits.USAGE, "run_state", f"a run is never {wanted.state}; its states are: {known}")
    _, store = here()
    damaged: list[Unreadable] = []
    records = store.runs(wanted, damaged.append)
    if as_json:
        documents = _documents(store, records, damaged)
        unreadable = {"unreadable": [str(error) for error in damaged]} if damaged else {}
        print(json.dumps({"runs": documents, **unreadable}, ensure_ascii=False))
    elif not records and damaged:
        pass  # they are told below
    elif not records and (wanted.state or wanted.workflow):
        print("no such runs", file=sys.stderr)
    elif not records:
        print("no runs yet; start one with: flow run FILE", file=sys.stderr)
    else:
        _print_runs(records, _interrupted(store, records))
    for error in damaged:
        print(f"error: {error}", file=sys.stderr)
    return exits.UNREACHABLE if damaged else exits.OK


def _documents(store: Store, records: list[RunRecord], damaged: list[Unreadable]) -> list[dict[str, Any]]:
    """Those of the runs that can be read whole; `damaged` gets the others."""
    documents = []
    for record in records:
        try:
            with readable(f"run {record.id}"):
                documents.append(run_document(store, record, with_tasks=False))
        except Unreadable as error:
            damaged.append(error)
    return documents


def _print_runs(records: list[RunRecord], interrupted: set[str]) -> None:
    width = max(20, *(len(printable(record.workflow)) for record in records))
    print(f"{'RUN':<26}  {'WORKFLOW':<{width}}  {'STATE':<11}  {'CREATED':<19}  TIME")
    for record in records:
        created = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created_at))
        state, took = ("interrupted", "") if record.id in interrupted else (record.state, _took(record))
        of = f"  of {record.parent}" if record.parent is not None else ""
        line = f"{record.id:<26}  {printable(record.workflow):<{width}}  {state:<11}  {created}"
        print(f"{line}  {took:<6}{of}".rstrip())
    if interrupted:
        print("nobody works on what is interrupted; go on with: flow run --resume RUN", file=sys.stderr)


def status(run: str | None, as_json: bool) -> int:
    _, store = here()
    record = find_run(store, run)
    plan = store.plan(record.plan_hash, record.workflow)
    rows = store.tasks(record.id, values=as_json)
    found = timeline(plan, record, rows)
    if as_json:
        document = run_document(store, record, rows=rows)
        add_times(document, plan, found, rows)
        print(json.dumps(document, ensure_ascii=False))
        return exits.OK
    _print_head(plan, record)
    interrupted = bool(_interrupted(store, [record]))
    if interrupted:
        print(f"interrupted: its worker is dead; go on with: flow run --resume {record.id}\n")
    for line in _task_lines(record.id, plan, rows, {} if interrupted else found.slacks()):
        print(line)
    path = found.path() if len(plan.workflow.tasks) > 1 and not interrupted else []
    if path:
        print(f"\ncritical path{'' if record.finished_at else ' so far'}: {steps_text(plan, path)}")
    report = failure_report(store, record) if record.state in (states.FAILED, states.RUNNING) else ""
    if report:
        print(f"\n{report}")
    return exits.OK


def cancel(run: str, wait: float) -> int:
    state, store = here()
    record = find_run(store, run)
    if not store.request_cancel(record.id, time.time()):
        print(f"run {record.id} has ended already: {record.state}", file=sys.stderr)
        return exits.OK
    if record.id in store.unowned(1_000_000):
        need_kinds(store.plan(record.plan_hash, record.workflow))  # who runs them finds that it was asked for
        store.close()
        return _cancel_here(state, record.id)
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        if (record := store.run(record.id)).finished_at is not None:
            print(f"run {record.id} {record.state}", file=sys.stderr)
            return exits.OK
        time.sleep(FOLLOW)
    print(
        f"run {record.id} was asked to stop; what it runs has not ended yet (flow status {record.id})", file=sys.stderr
    )
    return exits.OK


def find_run(store: Store, run: str | None) -> RunRecord:
    """The named run, by its id or the start of it; the newest where none is named, child runs left aside."""
    if run is not None:
        return store.run(run)
    newest = store.runs(RunFilter(limit=1, top=True))
    if not newest:
        raise CommandError(exits.USAGE, "no_runs", "there are no runs yet; start one with: flow run FILE")
    return newest[0]


def _cancel_here(state: StateFolder, run: str) -> int:
    """Nobody works on the run: this process takes it over to end it."""
    engine = Embedded(state, 1)
    try:
        if engine.worker.adopt(run):
            engine.worker.cancel(run)
            while not engine.worker.idle:
                engine.step()
        print(f"run {run} {engine.store.run(run).state}", file=sys.stderr)
    finally:
        engine.close()
    return exits.OK


def _print_head(plan: Plan, record: RunRecord) -> None:
    file = plan.workflow.file or plan.file
    print(f"run       {record.id}\nworkflow  {record.workflow}  ({os.path.join(record.folder, file)})")
    asked = "  (cancel requested)" if record.cancel_requested_at and record.finished_at is None else ""
    print(f"state     {record.state}{asked}\ntime      {_took(record)}\n")


def _task_lines(run: str, plan: Plan, rows: list[TaskRecord], slacks: dict[int, float]) -> list[str]:
    instances: dict[int, list[TaskRecord]] = {}
    for row in rows:
        if row.place is not None:
            instances.setdefault(row.node, []).append(row)
    return [_task_line(run, plan, row, instances.get(row.node, []), slacks) for row in rows if row.place is None]


def _task_line(run: str, plan: Plan, row: TaskRecord, instances: list[TaskRecord], slacks: dict[int, float]) -> str:
    end = row.finished_at or (time.time() if row.state in _BUSY else None)
    took = seconds(max(end - row.started_at, 0.0)) if row.started_at and end else ""
    notes = [counted(row.size, "instance")] if row.size is not None else []
    states_ = [item.state for item in instances]
    notes += [f"{states_.count(name):,} {name}" for name in sorted(set(states_))]
    retried = sum(max(item.attempt - 1, 0) for item in instances)
    cached = sum(bool(cached_from(item)) for item in (row, *instances))
    notes += [f"{retried:,} retried"] if retried else []
    notes += [f"{cached:,} cached" if instances else "cached"] if cached else []
    notes += [f"attempt {row.attempt}"] if row.attempt > 1 else []
    notes += [f"with {printable(override_text(row))}"] if row.override else []
    replayed = sum(item.override is not None for item in instances)
    notes += [f"{replayed:,} with values of a replay"] if replayed else []
    notes += [slack] if (slack := slack_text(slacks, instances or [row])) else []
    open_ = [(item, awaits) for item in (row, *instances) if (awaits := awaits_of(item)) is not None]
    notes += [waits_for(run, key_of(plan, item), awaits) for item, awaits in open_[:3]]
    return f"  {key_of(plan, row):<24} {row.state:<16} {took:<8} {', '.join(notes)}".rstrip()


def _interrupted(store: Store, records: list[RunRecord]) -> set[str]:
    """Runs that have begun and whose worker is dead."""
    begun = {record.id for record in records if record.state == states.RUNNING}
    return begun.intersection(store.unowned(1_000_000)) if begun else set()


def _took(record: RunRecord) -> str:
    if record.started_at is None:
        return ""
    return seconds((record.finished_at or time.time()) - record.started_at)
