"""The records of runs and tasks, as they are after a tick."""

import json
import math

from flow_engine import states
from flow_engine.decisions.books import Notes
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import Change
from flow_engine.decisions.shape import shape_of
from flow_engine.model import (
    Cached,
    Completion,
    NewRun,
    RunRecord,
    Succeeded,
    TaskRecord,
    unclaimed,
)
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.memory.kept import KeptResult
from flow_engine.stores.outcomes import error_of


def record(new: NewRun) -> RunRecord:
    return RunRecord(
        new.id,
        new.plan.entry,
        new.plan_hash,
        new.params,
        new.folder,
        states.QUEUED,
        new.priority,
        new.labels,
        new.created_at,
        None,
        None,
        None,
        new.owner,
        None,
        None,
        new.namespace,
        new.parent.run if new.parent else None,
        None,
        new.based_on,
        new.starts_at,
    )


def begun(new: NewRun) -> tuple[RunRecord, list[TaskRecord]]:
    """A run as it is when it has just been submitted, in whatever store; not for one that takes over rows."""
    graph = RunGraph(new.id, shape_of(new.plan.workflow))
    graph.start(new.created_at, new.due)
    return record(new), [new_row(graph, seq, new.created_at, None) for seq in range(len(graph.state))]


RESERVED = ""
"""The state of a row that holds the place of an instance which is still to be made."""


def reserved(graph: RunGraph, seq: int) -> TaskRecord:
    return unclaimed(seq, graph.node[seq], graph.place_of(seq), RESERVED)


def new_row(graph: RunGraph, seq: int, now: float, item: str | None) -> TaskRecord:
    blank = unclaimed(seq, graph.node[seq], graph.place_of(seq), "")._replace(item=item)
    return _current(blank, graph, seq, now)


def _current(row: TaskRecord, graph: RunGraph, seq: int, now: float) -> TaskRecord:
    flight = graph.flight.get(seq)
    due = graph.due.get(seq)
    size = graph.size[seq] if seq < len(graph.size) else -1
    return row._replace(
        state=graph.state[seq],
        attempt=graph.attempt[seq],
        failures=graph.failures.get(seq, 0),
        losses=graph.losses.get(seq, 0),
        worker=flight.worker if flight else None,
        ready_at=None if due == math.inf else due,
        size=None if size < 0 else size,
        deadline_at=graph.deadline.get(seq),
        claimed_at=flight.claimed_at if flight else None,
        finished_at=now if graph.state[seq] in states.FINAL else None,
    )


def updated(row: TaskRecord, graph: RunGraph, note: Notes, seq: int, now: float) -> TaskRecord:
    row = _current(row, graph, seq, now)
    if seq in note.started and seq not in note.completed:
        return row._replace(started_at=note.started[seq].started_at, log=note.started[seq].log)
    done = note.completed.get(seq)
    if done is None:
        return row
    result = done.outcome.result if isinstance(done.outcome, Succeeded) else None
    awaits = graph.awaiting.get(seq)
    return row._replace(
        started_at=done.started_at if row.awaits is None else row.started_at,
        result=result,
        error=error_of(done.outcome),
        log=done.log,
        awaits=None if awaits is None else json.dumps(awaits),
        cache=json.dumps(done.outcome.cache) if isinstance(done.outcome, Succeeded) and done.outcome.cache else None,
    )


def passes(record: RunRecord, filter_: RunFilter) -> bool:
    wanted = [(filter_.state, record.state), (filter_.namespace, record.namespace)]
    if filter_.workflow not in (None, record.workflow, record.workflow.rpartition(":")[2]):
        return False
    if any(want is not None and want != has for want, has in wanted) or (filter_.top and record.parent is not None):
        return False
    if filter_.since is not None and record.id < filter_.since:
        return False
    return filter_.before is None or record.id < filter_.before


def kept_results(graph: RunGraph, done: Completion, now: float) -> list[KeptResult]:
    """What is kept for other runs."""
    outcome = done.outcome
    if not isinstance(outcome, Succeeded) or outcome.cache is None or outcome.cache.hit:
        return []
    entry = outcome.cache
    cached = Cached(graph.run, outcome.result or "null", entry.components, now)
    return [KeptResult(graph.shape.workflow.name, entry, cached, None if entry.ttl is None else now + entry.ttl)]


def as_reopened(row: TaskRecord, change: Change) -> TaskRecord:
    blank = unclaimed(row.seq, row.node, change.place, change.state, row.attempt, change.size)
    return blank._replace(item=row.item, override=row.override)


def as_taken_over(graph: RunGraph, row: TaskRecord, now: float) -> TaskRecord:
    if row.state not in states.FINAL:
        return new_row(graph, row.seq, now, row.item)
    made = new_row(graph, row.seq, now, row.item)
    kept = ("attempt", "started_at", "finished_at", "result", "cache")
    return made._replace(**{name: getattr(row, name) for name in kept})
