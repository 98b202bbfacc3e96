"""What a tick noted, as rows. Rows of completed attempts carry the fence in their WHERE clause, and their count is checked."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flow_lang.named import NamedTuple

from flow_engine import states
from flow_engine.crash_points import reached
from flow_engine.decisions.books import Notes
from flow_engine.decisions.gates import pool_key
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import Change
from flow_engine.decisions.shape import Shape
from flow_engine.errors import LostOwnership
from flow_engine.model import Completion, Succeeded, TaskRecord
from flow_engine.notices.contract import APPROVAL, TASK_FAILED
from flow_engine.stores.outcomes import approvals, dead_letters, ended_attempts, error_of, state_of

Row = tuple[Any, ...]

_compact = json.JSONEncoder(separators=(",", ":")).encode

ALONE = 8
"""From so many rows of one run on, a statement of its own changes them all."""


class _Batch(NamedTuple):
    """What is written for all runs of a tick together."""

    ended: list[Row]
    claimed: list[Row]
    ready: list[Row]
    started: list[Row]
    events: list[Row]


class Statements(Protocol):
    """How a dialect executes named queries, inside of a transaction."""

    def one(self, query: str, values: Row) -> None: ...

    def many(self, query: str, rows: Sequence[Row]) -> None:
        """Once for each of these, of which there is one at least."""
        ...

    def each(self, query: str, rows: Sequence[Row]) -> bool:
        """The same, and whether each has changed a row. A dialect may have the commit refused instead."""
        ...

    def alike(self, query: str, values: Row, count: int) -> bool:
        """One statement, and whether it has changed so many rows."""
        ...


class Writer:
    """With `labels`, what tasks need of a worker is written beside their rows."""

    def __init__(self, statements: Statements, labels: bool = False) -> None:
        self._statements = statements
        self._labels = labels

    def write(self, notes: Sequence[tuple[int, Notes]], now: float) -> None:
        """Writes all that a tick changed in its runs, which are numbered as in the table, and clears their graphs' notes. Raises
        LostOwnership where a row is not as the graph has it."""
        batch = _Batch([], [], [], [], [])
        for no, note in notes:
            self._write(no, note, now, batch)
        for query, rows in (("succeed_task", batch.ended), ("claim_task", batch.claimed), ("ready_task", batch.ready)):
            if rows and not self._statements.each(query, rows):
                raise _changed([note.graph.run for _, note in notes])
        self._many("run_starts", batch.started)
        self._many("insert_event", batch.events)

    def _write(self, no: int, note: Notes, now: float, batch: _Batch) -> None:
        graph = note.graph
        state, attempt = graph.state, graph.attempt
        changed = [row for row in graph.dirty if state[row] != states.BLOCKED]
        self._complete(no, note, now, batch)
        self._change(no, note, changed, now, batch)
        self._start(no, note)
        self._insert_born(no, note, now)
        if changed:
            changes = ",".join([f'[{row},"{state[row]}",{attempt[row]}]' for row in changed])
            batch.events.append((no, now, f"[{changes}]"))
        if graph.flight and not graph.running:
            graph.running = True  # in a transaction that fails the graph goes too
            batch.started.append((now, no))
        graph.dirty.clear()
        graph.born.clear()

    def _change(self, no: int, note: Notes, changed: Sequence[int], now: float, batch: _Batch) -> None:
        """Rows that are neither new nor completed: most have been claimed or have become ready, all in the same way."""
        graph, completed, started = note.graph, note.completed, note.started
        rest = [row for row in changed if row not in completed and row not in started]
        if graph.born:
            rest = [row for row in rest if not any(row in span for span in graph.born)]
        state, dated = graph.state, graph.deadline.keys() | graph.awaiting.keys() | graph.due.keys()
        claimed, ready, others = [], [], []
        for row in rest:
            if row in dated:
                others.append(row)
            elif state[row] == states.CLAIMED:
                claimed.append(row)
            elif state[row] == states.READY and (row != graph.node[row] or graph.size[row] < 0):
                ready.append(row)
            else:
                others.append(row)
        self._many("update_task", [(*_columns(graph, row, now), no, row) for row in others])
        flight = graph.flight[claimed[0]] if claimed else ()
        if any(graph.flight[row] != flight for row in claimed):
            # some for other workers
            batch.claimed.extend((*graph.flight[row], no, row) for row in claimed)
            claimed = []
        for query, rows, values, later in (
            ("claim_task", claimed, flight, batch.claimed),
            ("ready_task", ready, (), batch.ready),
        ):
            # with one statement, or together with those of other runs where they are few
            if len(rows) < ALONE:
                later += [(*values, no, row) for row in rows]
            elif not self._statements.alike(f"{query}s", (*values, no, _compact(rows)), len(rows)):
                raise _changed([graph.run])

    def finish(self, rows: list[Row]) -> None:
        """(state, result, error, now, number, worker) of each run that ends, which the worker owns."""
        self._many("run_ends", rows)
        self._many("notify_ends", [(f"run.{state}", no, now) for state, _, _, now, no, _ in rows])

    def tell(self, rows: list[Row]) -> None:
        """(number of the run, now, changes) of each event."""
        self._many("insert_event", rows)

    def leave(self, rows: list[Row]) -> None:
        """(number of the run, seq, attempt, worker, kind, text, started, finished, log) of each letter."""
        self._many("leave_mail", rows)

    def drop_mail(self, keys: list[Row]) -> None:
        """(number of the run, seq, attempt, worker) of mail that was taken up."""
        self._many("drop_mail", keys)

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
        rows = _compact([change.seq for change in changes])
        self._statements.one("keep_attempts", (no, rows))
        self._many("reopen_task", [(change.state, change.size, change.place, no, change.seq) for change in changes])

    def replay(
        self, run: str, no: int, changes: Sequence[Change], overrides: Sequence[tuple[str, int]], now: float
    ) -> None:
        """What a reopening means for the letters of these rows, and the values that some are given."""
        self._statements.one("replay_letters", (now, run, _compact([change.seq for change in changes])))
        self._many("override_task", [(text, no, seq) for text, seq in overrides])

    def _complete(self, no: int, note: Notes, now: float, batch: _Batch) -> None:
        """The attempt of a body that just ended well stands in its task's row alone."""
        state, others = note.graph.state, {}
        for row, done in note.completed.items():
            _, attempt, worker, outcome, started, _, log = done
            if type(outcome) is Succeeded and outcome.cache is None and state[row] == states.SUCCEEDED:
                batch.ended.append((now, started, outcome.result, log, no, row, attempt, worker))
            else:
                others[row] = done
        if others and not self._complete_others(no, note, others, now):
            raise _changed([note.graph.run])

    def _complete_others(self, no: int, note: Notes, others: Mapping[int, Completion], now: float) -> bool:
        """All ends but those of bodies that just ended well, with what they leave beside the rows; whether all rows were as the graph
        has them."""
        graph = note.graph
        rows = [
            (*_columns(graph, row, now), *_ending(graph, row, done), no, row, done.attempt, done.worker)
            for row, done in others.items()
        ]
        ended = ended_attempts(graph, others)
        self._many("insert_attempt", [_attempt_row(no, row, done, note.claimed[row], now) for row, done in ended])
        letters = [
            (graph.run, row, done.attempt, topic, error_of(done.outcome), now)
            for row, topic, done in dead_letters(graph, others)
        ]
        self._many("insert_dead_letter", letters)
        told = [(TASK_FAILED, no, row, attempt, now) for _, row, attempt, *_ in letters]
        told += [(APPROVAL, no, row, done.attempt, now) for row, done in approvals(graph, others)]
        self._many("notify_of_task", told)
        self._many("keep_cached", [row for done in others.values() for row in _cache_rows(graph, done, now)])
        return self._statements.each("complete_task", rows)

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
            self._statements.one("move_cursor", (cursor, no, node))
        else:
            text = None if cursor is None or items is None else f"[{','.join(items)}]"
            self._statements.one("keep_list", (text, cursor, no, node))

    def label(self, no: int, shape: Shape) -> None:
        """What the tasks of a run need that an earlier version has begun."""
        rows = [(_compact(needs), node, shape.loops[node]) for node, needs in enumerate(shape.labels) if needs]
        if rows:
            labels, nodes, loops = map(list, zip(*rows, strict=True))
            self._statements.one("label_nodes", (labels, nodes, loops, no))

    def _insert_span(self, no: int, graph: RunGraph, span: range, items: list[str] | None, now: float) -> None:
        """Rows of one task, or of all tasks at the beginning. Most have nothing yet but their state."""
        dated = graph.deadline.keys() | graph.due.keys()
        if _are_alike(graph, span) and dated.isdisjoint(span):
            self._insert_alike(no, graph, span, items)
        else:
            self._insert_each(no, graph, span, items, now)
        if self._labels and graph.shape.labels:
            labelled = [(needs, row) for row in span if (needs := graph.labels(row))]
            self._many("label_task", [(_compact(needs), no, row) for needs, row in labelled])

    def _insert_each(self, no: int, graph: RunGraph, span: range, items: list[str] | None, now: float) -> None:
        dated = graph.deadline.keys() | graph.due.keys()
        fresh, others = [], []
        state, node, unmet, attempt = graph.state, graph.node, graph.unmet, graph.attempt
        for row in span:
            item = items[row - span.start] if items else None
            if attempt[row] or row in dated or state[row] not in (states.BLOCKED, states.READY):
                others.append(_new_row(no, graph, row, now, item))
                continue
            place = graph.place_of(row)
            fresh.append((no, row, node[row], place, state[row], unmet[row], item, *_pool_of(graph, row)))
        self._many("insert_fresh_task", fresh)
        self._many("insert_task", others)

    def _insert_alike(self, no: int, graph: RunGraph, span: range, items: list[str] | None) -> None:
        """Instances of a `for` that wait for the same, with one statement. Their elements are texts in it: JSON of SQLite would change
        numbers."""
        row = span.start
        common = (
            no,
            row,
            graph.node[row],
            graph.place_of(row),
            graph.state[row],
            graph.unmet[row],
            *_pool_of(graph, row),
        )
        if items is None:
            self._statements.one("insert_instances", (*common, len(span)))
        else:
            self._statements.one("insert_elements", (*common, _compact(items)))

    def _many(self, query: str, rows: list[Row]) -> None:
        if rows:
            self._statements.many(query, rows)


def _changed(runs: Sequence[str]) -> LostOwnership:
    """Not while every writer asks first, in the same transaction, who owns the run. `runs`: one of them it was."""
    one, more = f"run {runs[0]}", f" or one of {len(runs) - 1:,} others" if len(runs) > 1 else ""
    return LostOwnership(f"{one}{more}: its tasks were changed by another worker")


def _are_alike(graph: RunGraph, span: range) -> bool:
    """Whether these are new instances that differ in nothing but their place."""
    first, count, part = span.start, len(span), slice(span.start, span.stop)
    if not span or graph.group_of(first) is None or graph.state[first] not in (states.BLOCKED, states.READY):
        return False
    return (
        graph.state[part].count(graph.state[first]) == count
        and graph.unmet[part].count(graph.unmet[first]) == count
        and not any(graph.attempt[part])
    )


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
