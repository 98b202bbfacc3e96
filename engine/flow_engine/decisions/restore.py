"""A live run's graph from its rows, after a crash or when another worker takes the run over.

`unmet` is counted again from the parents' states and never trusted from the rows: the count is derived, the states are the truth.
"""

from collections.abc import Iterable

from flow_engine import states
from flow_engine.decisions.graph import GO, SKIP, Flight, RunGraph
from flow_engine.decisions.shape import Parent, Shape
from flow_engine.model import TaskRecord


def restore(run: str, shape: Shape, rows: Iterable[TaskRecord], cancelling: bool, now: float) -> RunGraph:
    """`rows` are all rows of the run in the order of `seq`. Rows that are ready or waiting come out in `graph.ready`."""
    graph = RunGraph(run, shape)
    graph.cancelling = cancelling
    for row in rows:
        _place(graph, row)
    static = len(shape.children)
    graph.open = sum(state not in states.FINAL for state in graph.state[:static])
    for seq in range(static, len(graph.state)):
        _count_in_group(graph, seq)
    for seq, state in enumerate(graph.state):
        if state == states.BLOCKED:
            _count_parents(graph, seq)
        elif state in (states.READY, states.WAITING):
            graph.ready.append(seq)
    graph.release(now)
    return graph


def _place(graph: RunGraph, row: TaskRecord) -> None:
    seq = row.seq
    if seq >= len(graph.shape.children):
        graph.node.append(row.node)
        graph.state.append(row.state)
        graph.attempt.append(row.attempt)
        graph.unmet.append(0)
        if row.place == 0:
            graph.base[row.node] = seq
    else:
        graph.state[seq], graph.attempt[seq] = row.state, row.attempt
        graph.unmet[seq] = 0
        graph.size[seq] = -1 if row.size is None else row.size
    if row.state in states.IN_FLIGHT:
        graph.flight[seq] = Flight(row.worker or "", row.claimed_at or 0.0)
    if row.state == states.WAITING and row.ready_at is not None:
        graph.due[seq] = row.ready_at
    if row.failures:
        graph.failures[seq] = row.failures
    if row.losses:
        graph.losses[seq] = row.losses


def _count_in_group(graph: RunGraph, seq: int) -> None:
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
