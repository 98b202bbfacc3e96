"""A live run's graph from its rows, after a crash or when another worker takes the run over.

`unmet` is counted again from the parents' states and never trusted from the rows: the count is derived, the states are the truth.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from flow_engine import states
from flow_engine.awaits import read_awaits
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.rows import GO, LAST_PHASE, SKIP, Flight
from flow_engine.decisions.shape import Parent, Shape
from flow_engine.model import TaskRecord


def restore(run: str, shape: Shape, rows: Sequence[TaskRecord], cancelling: str, now: float) -> RunGraph:
    """`rows` are all rows of the run in the order of `seq`; where instances of a `for` are still to be made, its row has the list of all as
    its item. Rows that are ready or waiting come out in `graph.ready`."""
    graph = RunGraph(run, shape)
    graph.cancelling = cancelling
    _reserve(graph, rows)
    for row in rows:
        _place(graph, row)
    static = len(shape.children)
    _count_open(graph)
    graph.done = _completed(graph, rows)
    graph.undoing = _undoing(graph)
    graph.failing = shape.workflow.fail_fast and _has_failed(graph)
    for seq in range(static, len(graph.state)):
        _count_in_group(graph, seq)
    for seq, state in enumerate(graph.state):
        if state == states.BLOCKED and graph.is_born(seq):
            _count_parents(graph, seq)
        elif state in (states.READY, states.WAITING):
            graph.ready.append(seq)
    graph.release(now)
    return graph


def _reserve(graph: RunGraph, rows: Sequence[TaskRecord]) -> None:
    """Room for all rows, those of instances that are still to be made too."""
    for row in rows:
        if row.place == 0:
            graph.base[row.node] = row.seq
    growing = [row for row in rows if row.cursor is not None and row.size is not None]
    ends = [graph.base[row.node] + (row.size or 0) for row in growing]
    more = max([row.seq + 1 for row in rows[-1:]] + ends, default=0) - len(graph.node)
    graph.node += [-1] * more
    graph.state += [states.BLOCKED] * more
    graph.attempt += [0] * more
    graph.unmet += [0] * more
    for row in growing:
        first, born = graph.base[row.node], row.cursor or 0
        graph.unborn[row.node] = born
        if row.item is not None:
            graph.lists[row.node] = [_text(item) for item in json.loads(row.item)]
        span = slice(first + born, first + (row.size or 0))
        graph.node[span] = [row.node] * (span.stop - span.start)
        graph.unmet[span] = [len(graph.shape.elements[row.node])] * (span.stop - span.start)


def _text(item: Any) -> str:
    """As it is kept: readable, and escaped where a text in it is no Unicode, as the name of a file may be."""
    text = json.dumps(item, ensure_ascii=False)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(item)
    return text


def _place(graph: RunGraph, row: TaskRecord) -> None:
    seq = row.seq
    graph.state[seq], graph.attempt[seq], graph.unmet[seq] = row.state, row.attempt, 0
    if seq >= len(graph.shape.children):
        graph.node[seq] = row.node
    else:
        graph.size[seq] = -1 if row.size is None else row.size
    if row.state in states.IN_FLIGHT:
        graph.flight[seq] = Flight(row.worker or "", row.claimed_at or 0.0)
    if row.awaits is not None and row.state not in states.FINAL:
        graph.awaiting[seq] = read_awaits(row.awaits)
    if row.state == states.WAITING:
        graph.due[seq] = math.inf if row.ready_at is None else row.ready_at
    if row.deadline_at is not None:
        graph.deadline[seq] = row.deadline_at
    if row.failures:
        graph.failures[seq] = row.failures
    if row.losses:
        graph.losses[seq] = row.losses


def _count_open(graph: RunGraph) -> None:
    static = len(graph.shape.children)
    graph.left = [0] * len(graph.left)
    for state, phase in zip(graph.state[:static], graph.shape.phase, strict=True):
        graph.left[phase] += state not in states.FINAL
    graph.open = sum(graph.left)
    graph.phase = next((phase for phase, left in enumerate(graph.left) if left), LAST_PHASE)
    if graph.phase > 0 and not _has_begun(graph):
        graph.phase -= 1  # what begins it decides whether it is wanted at all


def _has_begun(graph: RunGraph) -> bool:
    """Whether something of the present phase has left its first state, as it does in the transaction that begins the phase. Nothing has
    where all of the main part was taken over from another run."""
    rows = zip(graph.state, graph.shape.phase, strict=False)
    open_ = [state for state, phase in rows if phase == graph.phase and state not in states.FINAL]
    return any(state != states.BLOCKED for state in open_)


def _completed(graph: RunGraph, rows: Sequence[TaskRecord]) -> list[tuple[float, int, int]]:
    """What can be undone, in the order of completion, as the graph keeps it."""
    done = [
        row
        for row in rows
        if row.state == states.SUCCEEDED and graph.shape.undo[row.node] >= 0 and not graph.expands(row.seq)
    ]
    return sorted((row.finished_at or 0.0, row.node, row.seq) for row in done)


def _undoing(graph: RunGraph) -> int | None:
    """The one row that undoes and has not ended."""
    undoes = graph.shape.undoes
    begun = (states.READY, states.WAITING, states.CLAIMED, states.RUNNING)
    rows = zip(graph.state, graph.node, strict=True)
    return next((seq for seq, (state, node) in enumerate(rows) if undoes[node] >= 0 and state in begun), None)


def _has_failed(graph: RunGraph) -> bool:
    tasks = graph.shape.workflow.tasks
    return any(
        state == states.FAILED and not tasks[node].optional and graph.shape.phase[node] == 0
        for state, node in zip(graph.state, graph.node, strict=True)
    )


def _count_in_group(graph: RunGraph, seq: int) -> None:
    node = graph.node[seq]
    if not 0 <= seq - graph.base[node] < graph.size[node]:
        return  # of a list that a retry has made void
    if graph.state[seq] in states.FINAL:
        graph.note_worst(seq)
    else:
        graph.unmet[graph.node[seq]] += 1


def _count_parents(graph: RunGraph, seq: int) -> None:
    instance = seq >= len(graph.shape.children)
    node = graph.node[seq]
    for parent in graph.shape.elements[node] if instance else graph.shape.parents[node]:
        row = graph.base[parent.node] + seq - graph.base[node] if instance else parent.node
        if not _resolved(graph, parent, row, instance):
            graph.unmet[seq] += 1
        elif graph.state[row] in states.FINAL and _verdict(graph, parent, row, instance) == SKIP:
            graph.skip_due.add(seq)


def _verdict(graph: RunGraph, parent: Parent, row: int, instance: bool) -> str:
    if parent.how == "element" and not instance:
        return GO if graph.size[row] >= 0 else graph.verdict(row, parent.how, skip_ok=False)
    return graph.verdict(row, parent.how, parent.skip_ok)


def _resolved(graph: RunGraph, parent: Parent, row: int, instance: bool) -> bool:
    if parent.how == "element" and not instance and graph.size[row] >= 0:
        return True
    return graph.state[row] in states.FINAL
