"""What a tick noted, as rows. Rows of completed attempts carry the fence in their WHERE clause, and their count is checked."""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from flow_engine import states
from flow_engine.crash_points import reached
from flow_engine.decisions.books import Notes
from flow_engine.decisions.gates import pool_key
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import Change
from flow_engine.errors import LostOwnership
from flow_engine.model import Completion, Failed, Lost, Succeeded, TaskRecord
from flow_engine.stores.outcomes import ended_attempts, error_of, state_of

Row = tuple[Any, ...]

_compact = json.JSONEncoder(separators=(",", ":")).encode

DEAD_LETTERS = "flow.dead_letters"
"""The topic of tasks that name none."""


class Writer:
    def __init__(self, connection: sqlite3.Connection, queries: dict[str, str]) -> None:
        self._connection = connection
        self._queries = queries

    def write(self, no: int, note: Notes, now: float) -> None:
        """Writes all that a tick changed in one run, and clears the graph's notes."""
        graph = note.graph
        changed = [row for row in graph.dirty if graph.state[row] != states.BLOCKED]
        self._complete(no, note, now)
        self._change(no, note, changed, now)
        self._start(no, note)
        self._insert_born(no, note, now)
        if changed:
            state, attempt = graph.state, graph.attempt
            changes = [(row, state[row], attempt[row]) for row in changed]
            self._connection.execute(self._queries["insert_event"], (no, now, _compact(changes)))
        if graph.flight and not graph.running:
            graph.running = True  # in a transaction that fails the graph goes too
            self._connection.execute(self._queries["run_starts"], (now, no))
        graph.dirty.clear()
        graph.born.clear()

    def _change(self, no: int, note: Notes, changed: Sequence[int], now: float) -> None:
        """Rows that are neither new nor completed: most have been claimed or have become ready, all in the same way."""
        graph, completed, started = note.graph, note.completed, note.started
        born = graph.born
        claimed, ready, others = [], [], []
        for row in changed:
            if row in completed or row in started or (born and any(row in span for span in born)):
                continue
            state = graph.state[row]
            if row in graph.deadline or row in graph.awaiting or row in graph.due:
                others.append(row)
            elif state == states.CLAIMED:
                claimed.append(row)
            elif state == states.READY and (row != graph.node[row] or graph.size[row] < 0):
                ready.append(row)
            else:
                others.append(row)
        self._many("update_task", [(*_columns(graph, row, now), no, row) for row in others])
        if claimed:
            flight = graph.flight[claimed[0]]
            self._all_of(graph.run, "claim_tasks", claimed, (flight.worker, flight.claimed_at, no, _compact(claimed)))
        if ready:
            self._all_of(graph.run, "ready_tasks", ready, (no, _compact(ready)))

    def insert_tasks(self, no: int, graph: RunGraph, now: float) -> None:
        """The rows of a new run: one for each task of its workflow."""
        self._insert_span(no, graph, range(len(graph.state)), None, now)
        graph.dirty.clear()

    def take_over(self, no: int, graph: RunGraph, rows: Sequence[TaskRecord], now: float) -> None:
        """The rows of a run that begins with what another one has."""
        self.insert_tasks(no, graph, now)
        kept = [row for row in rows if row.state in states.FINAL or row.item is not None]
        values = [(r.attempt, r.started_at, r.finished_at, r.item, r.result, r.cache, no, r.seq) for r in kept]
        self._many("take_over_task", values)

    def reopen(self, no: int, changes: Sequence[Change]) -> None:
        self._many("reopen_task", [(change.state, change.size, change.place, no, change.seq) for change in changes])

    def _complete(self, no: int, note: Notes, now: float) -> None:
        graph, claimed = note.graph, note.claimed
        plain, attempts, others = [], [], {}
        for row, done in note.completed.items():
            _, attempt, worker, outcome, started, finished, log = done
            if type(outcome) is Succeeded and outcome.cache is None and graph.state[row] == states.SUCCEEDED:
                plain.append((now, started, outcome.result, log, no, row, attempt, worker))
                times = (claimed[row], started, finished or now)
                attempts.append((no, row, attempt, worker, "succeeded", *times, None, log))
            else:
                others[row] = done
        written = self._many("succeed_task", plain)
        self._many("insert_attempt", attempts)
        if others:
            written += self._complete_others(no, note, others, now)
        if written != len(note.completed):
            raise _changed(graph.run)

    def _complete_others(self, no: int, note: Notes, others: Mapping[int, Completion], now: float) -> int:
        """All ends but those of bodies that just ended well, with what they leave beside the rows; how many rows were changed."""
        graph = note.graph
        rows = [
            (*_columns(graph, row, now), *_ending(graph, row, done), no, row, done.attempt, done.worker)
            for row, done in others.items()
        ]
        ended = ended_attempts(graph, others)
        self._many("insert_attempt", [_attempt_row(no, row, done, note.claimed[row], now) for row, done in ended])
        letters = [
            (graph.run, row, done.attempt, _topic(graph, row), error_of(done.outcome), now)
            for row, done in others.items()
            if graph.state[row] == states.FAILED and isinstance(done.outcome, Failed | Lost)
        ]
        self._many("insert_dead_letter", letters)
        self._many("keep_cached", [row for done in others.values() for row in _cache_rows(graph, done, now)])
        return self._many("complete_task", rows)

    def _start(self, no: int, note: Notes) -> None:
        rows = [
            (s.started_at, s.log, no, row, s.attempt, s.worker)
            for row, s in note.started.items()
            if row not in note.completed
        ]
        self._many("start_task", rows)

    def _insert_born(self, no: int, note: Notes, now: float) -> None:
        graph = note.graph
        for span in graph.born:
            self._insert_span(no, graph, span, graph.items_of(span), now)
            reached("store.expanded")
            if len(span) < graph.size[graph.node[span.start]]:
                self._keep_cursor(no, graph, span)
        for node in [node for node in graph.lists if node not in graph.unborn]:
            del graph.lists[node]

    def _keep_cursor(self, no: int, graph: RunGraph, span: range) -> None:
        """How many instances of a group there are; with the first of them, the list of all."""
        node = graph.node[span.start]
        cursor, items = graph.unborn.get(node), graph.lists.get(node)
        if span.start > graph.base[node] and cursor is not None:
            self._connection.execute(self._queries["move_cursor"], (cursor, no, node))
        else:
            text = None if cursor is None or items is None else f"[{','.join(items)}]"
            self._connection.execute(self._queries["keep_list"], (text, cursor, no, node))

    def _insert_span(self, no: int, graph: RunGraph, span: range, items: list[str] | None, now: float) -> None:
        """Rows of one task, or of all tasks at the beginning. Most have nothing yet but their state."""
        fresh, others = [], []
        state, node, unmet, attempt = graph.state, graph.node, graph.unmet, graph.attempt
        dated = graph.deadline.keys() | graph.due.keys()
        for row in span:
            item = items[row - span.start] if items else None
            if attempt[row] or row in dated or state[row] not in (states.BLOCKED, states.READY):
                others.append(_new_row(no, graph, row, now, item))
                continue
            place = graph.place_of(row)
            fresh.append((no, row, node[row], place, state[row], unmet[row], item, *_pool_of(graph, row)))
        self._many("insert_fresh_task", fresh)
        self._many("insert_task", others)

    def _all_of(self, run: str, query: str, rows: Sequence[int], values: Row) -> None:
        """Changes all of these rows of a run with one statement."""
        if self._connection.execute(self._queries[query], values).rowcount != len(rows):
            raise _changed(run)

    def _many(self, query: str, rows: list[Row]) -> int:
        return self._connection.executemany(self._queries[query], rows).rowcount if rows else 0


def _changed(run: str) -> LostOwnership:
    return LostOwnership(f"run {run}: its tasks were changed by another worker")


def _columns(graph: RunGraph, row: int, now: float) -> Row:
    """state, attempt, unmet, worker, ready_at, claimed_at, finished_at, size, deadline_at"""
    flight = graph.flight.get(row)
    state = graph.state[row]
    worker, claimed_at = (flight.worker, flight.claimed_at) if flight else (None, None)
    due = graph.due.get(row)
    size = graph.size[row] if row < len(graph.size) else -1
    return (
        state,
        graph.attempt[row],
        graph.unmet[row],
        worker,
        None if due == math.inf else due,
        claimed_at,
        now if state in states.FINAL else None,
        None if size < 0 else size,
        graph.deadline.get(row),
    )


def _new_row(no: int, graph: RunGraph, row: int, now: float, item: str | None) -> Row:
    columns = _columns(graph, row, now)
    return (no, row, graph.node[row], graph.place_of(row), *columns, item, *_pool_of(graph, row))


def _pool_of(graph: RunGraph, row: int) -> tuple[str | None, int]:
    """The pool and how many slots of it a body takes; a list takes none."""
    task, workflow = graph.shape.workflow.tasks[graph.node[row]], graph.shape.workflow
    return pool_key(workflow, task) if task.pool and not graph.expands(row) else None, task.slots


def _topic(graph: RunGraph, row: int) -> str:
    return graph.shape.workflow.tasks[graph.node[row]].dead_letter or DEAD_LETTERS


def _ending(graph: RunGraph, row: int, done: Completion) -> Row:
    """started_at, failures, losses, result, error, log, awaits, cache"""
    outcome = done.outcome
    result = outcome.result if isinstance(outcome, Succeeded) else None
    awaits = graph.awaiting.get(row)
    return (
        done.started_at,
        graph.failures.get(row, 0),
        graph.losses.get(row, 0),
        result,
        error_of(done.outcome),
        done.log,
        None if awaits is None else json.dumps(awaits),
        json.dumps(outcome.cache) if isinstance(outcome, Succeeded) and outcome.cache else None,
    )


def _attempt_row(no: int, row: int, done: Completion, claimed_at: float, now: float) -> Row:
    times = (claimed_at, done.started_at, done.finished_at or now)
    return (no, row, done.attempt, done.worker, state_of(done.outcome), *times, error_of(done.outcome), done.log)


def _cache_rows(graph: RunGraph, done: Completion, now: float) -> list[Row]:
    """What is kept for other runs."""
    outcome = done.outcome
    if not isinstance(outcome, Succeeded) or outcome.cache is None or outcome.cache.hit:
        return []
    entry = outcome.cache
    expires = None if entry.ttl is None else now + entry.ttl
    of = (graph.shape.workflow.name, entry.task, entry.key)
    return [(entry.digest, *of, entry.components, outcome.result or "null", graph.run, now, expires)]
