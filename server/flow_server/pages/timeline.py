"""The timeline of a run: for each task a lane with a bar for each attempt and for each time that it waited."""

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from flow_engine import states
from flow_engine.model import AttemptRecord, RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan

GAP = 0.25
"""A time in which nothing happened, as between a failure and a retry the next day, is cut where it is longer than this part of the rest."""
CUT = 0.03
"""What is left of it, as a part of the rest."""
_SHORTEST = 0.004
"""Of the whole: what a bar that is shorter is drawn with."""


class Span(NamedTuple):
    """`state` is that of the attempt, or `waiting`. Times are seconds since the epoch; what has not ended is `open`."""

    state: str
    start: float
    end: float
    open: bool = False
    attempt: int = 0


class Bar(NamedTuple):
    """`start` and `length` in seconds of the timeline."""

    state: str
    start: float
    length: float
    open: bool


class Lane(NamedTuple):
    bars: tuple[Bar, ...]
    words: str


class Timeline(NamedTuple):
    """`total` seconds, of which the lanes are made; by the row's `seq`."""

    total: float
    lanes: Mapping[int, Lane]


def timeline(store: Store, record: RunRecord, plan: Plan, rows: Sequence[TaskRecord], shown: Sequence[int]) -> Timeline:
    """Of the rows `shown`."""
    now = record.finished_at or time.time()
    by_seq = {row.seq: row for row in rows}
    node = {task.name: at for at, task in enumerate(plan.workflow.tasks)}
    spans: dict[int, list[Span]] = {}
    for seq in shown:
        row = by_seq[seq]
        ends = [by_seq[node[need.task]].finished_at for need in plan.workflow.tasks[row.node].needs]
        free = max((end for end in ends if end is not None), default=record.started_at)
        again = row.attempt > 1 or (row.attempt == 1 and row.state in (states.READY, states.WAITING))
        attempts = store.attempts(record.id, seq) if again else []
        spans[seq] = _spans(row, attempts, free, now)
    scale = _Scale([span for found in spans.values() for span in found], now)
    return Timeline(scale.total, {seq: _lane(found, scale) for seq, found in spans.items()})


def _spans(row: TaskRecord, attempts: Sequence[AttemptRecord], free: float | None, now: float) -> list[Span]:
    """`free`: when what it needs had ended."""
    found: list[Span] = []
    last = free
    for one in attempts:
        start = one.started_at or one.claimed_at
        found += [*_wait(last, start), Span(one.state, start, one.finished_at, attempt=one.attempt)]
        last = one.finished_at
    started = row.started_at
    if row.state in states.FINAL:
        if started is not None and row.finished_at is not None and (last is None or started >= last or not attempts):
            found += [*_wait(last, started), Span(row.state, started, row.finished_at, attempt=row.attempt)]
    elif row.state in (*states.IN_FLIGHT, states.EXPANDING):
        begin = started if started is not None and (not attempts or started >= (last or 0.0)) else row.claimed_at
        begin = last if begin is None else begin
        if begin is not None:
            found += [*_wait(last, begin), Span(row.state, begin, now, True, row.attempt)]
    elif row.state in (states.READY, states.WAITING):
        begin = last if attempts or started is None else started
        if begin is not None:
            found.append(Span(states.WAITING, begin, now, True))
    return found


def _wait(last: float | None, start: float) -> list[Span]:
    return [Span(states.WAITING, last, start)] if last is not None and start > last else []


class _Scale:
    """Seconds since the epoch as seconds of the timeline, without the gaps."""

    def __init__(self, spans: Sequence[Span], now: float) -> None:
        busy = _merged([(span.start, span.end) for span in spans if span.state != states.WAITING or span.open])
        self._first = min((span.start for span in spans), default=now)
        end = max((span.end for span in spans), default=now)
        length = sum(last - first for first, last in busy)
        self._cuts: list[tuple[float, float, float]] = []
        for (_, before), (after, _) in pairwise(busy):
            if after - before > GAP * length and after - before > 10.0:
                self._cuts.append((before, after, CUT * length))
        self.total = max(self.place(end), 0.001)

    def place(self, at: float) -> float:
        cut = 0.0
        for before, after, left in self._cuts:
            if at >= after:
                cut += after - before - left
            elif at > before:
                cut += (at - before) * (1 - left / (after - before))
        return at - self._first - cut


def _merged(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(pairs):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _lane(spans: Sequence[Span], scale: _Scale) -> Lane:
    bars = []
    for span in spans:
        start = scale.place(span.start)
        length = scale.place(span.end) - start
        if span.state != states.WAITING:
            length = max(length, _SHORTEST * scale.total)
        start = min(start, scale.total - length)
        bars.append(Bar(span.state, round(start, 4), round(length, 4), span.open))
    return Lane(tuple(bars), "; ".join(_words(span) for span in spans))


def _words(span: Span) -> str:
    took = f"{span.end - span.start:.2f} s"
    if span.state == states.WAITING:
        return f"waits since {took}" if span.open else f"waited {took}"
    named = f"attempt {span.attempt} " if span.attempt else ""
    if span.open:
        return f"{named}runs since {took}"
    return f"{named}{span.state.replace('_', ' ')} after {took}"
