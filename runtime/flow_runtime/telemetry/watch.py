"""Listens to what a worker does through its store: what it claims, how that ends, what is refused.

The operations of that one store are wrapped, and only where somebody wants to know: a worker without figures has nothing of this on its path.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from flow_engine.decisions.books import Report
from flow_engine.model import Claim, Completion, Hint, RunEnd, RunRecord, Tick
from flow_engine.states import FAILED
from flow_engine.stores.contract import Adopted, Adoption, Store

from flow_runtime.telemetry.tally import Distribution
from flow_runtime.telemetry.watched_run import Waiting, WatchedRun
from flow_runtime.telemetry.worker_figures import WorkerFigures

TIMED = (
    "tick",
    "finish",
    "adopt_all",
    "abandon",
    "unowned",
    "records",
    "leave",
    "mail",
    "mailbox",
    "arrivals",
    "cancel_requests",
)
"""The operations of a store that a worker needs again and again."""
Calls = defaultdict[str, Distribution]


class Listener(Protocol):
    """Hears of attempts and runs that have ended, once that is durable."""

    def attempt(self, run: WatchedRun, done: Completion, ready_at: float) -> None: ...
    def run(self, run: WatchedRun, state: str, end: RunEnd, now: float) -> None: ...


class Watch:
    """Of one engine, whose incarnation is `worker`."""

    def __init__(self, store: Store, worker: str, figures: WorkerFigures, listener: Listener | None = None) -> None:
        self.runs: dict[str, WatchedRun] = {}
        self._store, self._worker = store, worker
        self._figures, self._listener = figures, listener
        self._tick, self._finish, self._adopt_all = store.tick, store.finish, store.adopt_all
        for name, wrapped in (("tick", self._ticked), ("finish", self._finished), ("adopt_all", self._adopted)):
            setattr(store, name, wrapped)
        time_calls(store, TIMED, figures.database)

    def waiting(self) -> list[Waiting]:
        """What is ready and not claimed, for another thread: what a gate holds back, and what waits for a slot."""
        held = {hint.task: Waiting(hint.due, pool) for pool, hint in self._store.held()}
        queued = [
            task
            for name, run in list(self.runs.items())
            for seq, task in list(run.waiting.items())
            if (name, seq) not in held
        ]
        return [*held.values(), *queued]

    def _ticked(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Tick:
        tick = self._tick(worker, now, report, hints, want)
        self._figures.refused += len(tick.refused)
        refused = {*tick.refused}
        for done in report.completions:
            if done.task not in refused:
                self._end(done, now)
        for run in (*report.cancels, *report.timeouts, *tick.stopping):  # what waits there will never start
            if run in self.runs:
                self.runs[run].waiting.clear()
        self._queued(tick.ready)
        self._begin(tick.claims, now)
        if tick.lent:
            self._begin((claim for _, claim in tick.lent), now)
        return tick

    def _end(self, done: Completion, now: float) -> None:
        run = self.runs.get(done.task.run)
        if run is None:
            return
        ready_at = run.flight.pop(done.task.seq, now if done.started_at is None else done.started_at)
        run.figures(done.task.seq).end(done, ready_at)
        if self._listener is not None:
            self._listener.attempt(run, done, ready_at)

    def _begin(self, claims: Iterable[Claim], now: float) -> None:
        for claim in claims:
            run = self.runs.get(claim.task.run)
            if run is not None:
                waited = run.waiting.pop(claim.task.seq, None)
                run.flight[claim.task.seq] = now if waited is None else waited.since

    def _queued(self, hints: Iterable[Hint]) -> None:
        for hint in hints:
            run = self.runs.get(hint.task.run)
            if run is not None and not hint.alarm:
                run.waiting.setdefault(hint.task.seq, Waiting(hint.due, run.pool(hint.task.seq)))

    def _adopted(self, worker: str, records: Sequence[RunRecord], now: float) -> Adoption:
        found = self._adopt_all(worker, records, now)
        owners = {record.id: record.owner for record in records}
        for adopted in found.taken:
            owner = owners.get(adopted.record.id)
            self._figures.taken_over += owner is not None and owner != worker
            self._take(adopted)
        return found

    def _take(self, adopted: Adopted) -> None:
        run = adopted.record.id
        if run not in self.runs:
            self.runs[run] = WatchedRun(adopted, self._store, self._figures)
        self._queued(adopted.ready)

    def _finished(self, worker: str, now: float, ends: Sequence[RunEnd]) -> None:
        states = {end.run: FAILED if end.error is not None else self._store.outcome(end.run) for end in ends}
        self._finish(worker, now, ends)
        for end in ends:
            run = self.runs.pop(end.run, None)
            if run is not None:
                workflow = self._figures.workflow(run.record.workflow)
                self._figures.runs[(workflow, states[end.run])] += 1
                self._figures.run_seconds[workflow].add(max(now - run.record.created_at, 0.0))
                if self._listener is not None:
                    self._listener.run(run, states[end.run], end, now)


def time_calls(target: object, names: Iterable[str], calls: Calls) -> None:
    """Each call of these methods of this one object is timed from now on, also one that fails."""
    for name in names:
        setattr(target, name, _timed(getattr(target, name), calls[name]))


def _timed(call: Callable[..., Any], into: Distribution) -> Callable[..., Any]:
    clock = time.perf_counter

    def timed(*given: Any, **named: Any) -> Any:
        began = clock()
        try:
            return call(*given, **named)
        finally:
            into.add(clock() - began)

    return timed
