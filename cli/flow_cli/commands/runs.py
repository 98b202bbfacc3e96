"""`flow list`, `flow status`, `flow cancel`: the runs of a state or of a server."""

import json
import os
import sys
import time
from datetime import datetime

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import RunFilter
from flow_lang.plan import Plan
from flow_runtime.document import cached_from, key_of, override_text, run_document
from flow_runtime.labels import LabelWaits
from flow_runtime.signals import awaits_of

from flow_cli import exits
from flow_cli.backends.contract import Backend, Listed
from flow_cli.critical import add_times, slack_text, steps_text, timeline
from flow_cli.failure import CommandError
from flow_cli.failures import failure_report
from flow_cli.progress.text import counted, printable, seconds, waits_for

_BUSY = (*states.IN_FLIGHT, states.EXPANDING)


def list_runs(place: Backend, wanted: RunFilter, as_json: bool) -> int:
    if wanted.state is not None and wanted.state not in states.OF_RUNS:
        known = ", ".join(states.OF_RUNS)
        raise CommandError(exits.USAGE, "run_state", f"a run is never {wanted.state}; its states are: {known}")
    found = place.list(wanted)
    if as_json:
        unreadable = {"unreadable": found.unreadable} if found.unreadable else {}
        print(json.dumps({"runs": found.runs, **unreadable}, ensure_ascii=False))
    elif not found.runs and found.unreadable:
        pass  # they are told below
    elif not found.runs and (wanted.state or wanted.workflow):
        print("no such runs", file=sys.stderr)
    elif not found.runs:
        print("no runs yet; start one with: flow run FILE", file=sys.stderr)
    else:
        _print_runs(found)
    for error in found.unreadable:
        print(f"error: {error}", file=sys.stderr)
    return exits.UNREACHABLE if found.unreadable else exits.OK


def _print_runs(found: Listed) -> None:
    width = max(20, *(len(printable(run["workflow"])) for run in found.runs))
    print(f"{'RUN':<26}  {'WORKFLOW':<{width}}  {'STATE':<11}  {'CREATED':<19}  TIME")
    for run in found.runs:
        created = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at(run["created_at"])))
        started, finished = at(run["started_at"]), at(run["finished_at"])
        state, took = (
            ("interrupted", "") if run["run"] in found.interrupted else (run["state"], _took(started, finished))
        )
        of = f"  of {run['parent']}" if run.get("parent") is not None else ""
        line = f"{run['run']:<26}  {printable(run['workflow']):<{width}}  {state:<11}  {created}"
        print(f"{line}  {took:<6}{of}".rstrip())
    if found.interrupted:
        print("nobody works on what is interrupted; go on with: flow run --resume RUN", file=sys.stderr)


def status(place: Backend, run: str | None, as_json: bool) -> int:
    record = place.find(run)
    plan = place.plan(record.plan_hash, record.workflow)
    rows = place.tasks(record.id, values=as_json)
    found = timeline(plan, record, rows)
    if as_json:
        document = run_document(place, record, rows=rows)
        add_times(document, plan, found, rows)
        print(json.dumps(document, ensure_ascii=False))
        return exits.OK
    _print_head(plan, record)
    interrupted = place.is_interrupted(record)
    if interrupted:
        print(f"interrupted: its worker is dead; go on with: flow run --resume {record.id}\n")
    for line in _task_lines(record.id, plan, rows, {} if interrupted else found.slacks(), LabelWaits(place)):
        print(line)
    path = found.path() if len(plan.workflow.tasks) > 1 and not interrupted else []
    if path:
        print(f"\ncritical path{'' if record.finished_at else ' so far'}: {steps_text(plan, path)}")
    report = failure_report(place, record) if record.state in (states.FAILED, states.RUNNING) else ""
    if report:
        print(f"\n{report}")
    return exits.OK


def cancel(place: Backend, run: str, wait: float) -> int:
    record = place.find(run)
    state = place.cancel(record, wait)
    if not state:
        print(f"run {record.id} has ended already: {place.run(record.id).state}", file=sys.stderr)
    elif state in states.RUN_FINAL:
        print(f"run {record.id} {state}", file=sys.stderr)
    else:
        told = f"run {record.id} was asked to stop; what it runs has not ended yet (flow status {record.id})"
        print(told, file=sys.stderr)
    return exits.OK


def _print_head(plan: Plan, record: RunRecord) -> None:
    file = plan.workflow.file or plan.file
    print(f"run       {record.id}\nworkflow  {record.workflow}  ({os.path.join(record.folder, file)})")
    asked = "  (cancel requested)" if record.cancel_requested_at and record.finished_at is None else ""
    print(f"state     {record.state}{asked}\ntime      {_took(record.started_at, record.finished_at)}\n")


def _task_lines(
    run: str, plan: Plan, rows: list[TaskRecord], slacks: dict[int, float], labels: LabelWaits
) -> list[str]:
    instances: dict[int, list[TaskRecord]] = {}
    for row in rows:
        if row.place is not None:
            instances.setdefault(row.node, []).append(row)
    return [
        _task_line(run, plan, row, instances.get(row.node, []), slacks, labels) for row in rows if row.place is None
    ]


def _task_line(
    run: str,
    plan: Plan,
    row: TaskRecord,
    instances: list[TaskRecord],
    slacks: dict[int, float],
    labels: LabelWaits,
) -> str:
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
    waits = dict.fromkeys(text for item in (row, *instances) if (text := labels.text(plan, item)))
    notes += [f"waits for {printable(text)}" for text in waits]
    open_ = [(item, awaits) for item in (row, *instances) if (awaits := awaits_of(item)) is not None]
    notes += [waits_for(run, key_of(plan, item), awaits) for item, awaits in open_[:3]]
    return f"  {key_of(plan, row):<24} {row.state:<16} {took:<8} {', '.join(notes)}".rstrip()


def at(text: str | None) -> float | None:
    """A time of a document, in seconds since the epoch."""
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _took(started: float | None, finished: float | None) -> str:
    if started is None:
        return ""
    return seconds((finished or time.time()) - started)
