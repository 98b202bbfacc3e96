"""Reading what the store that forgets has kept so far."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flow_lang.plan import Plan

from flow_engine import states
from flow_engine.access import DEFAULT
from flow_engine.decisions.gates import pool_key
from flow_engine.decisions.graph import RunGraph
from flow_engine.errors import FlowError, UnknownRun, Unreadable
from flow_engine.model import (
    AttemptRecord,
    Cached,
    Event,
    RunRecord,
    Tally,
    TaskRecord,
)
from flow_engine.stores.contract import Census, RunFilter
from flow_engine.stores.memory.kept import Kept, KeptResult
from flow_engine.stores.memory.letters import MemoryLetters
from flow_engine.stores.memory.rows import (
    RESERVED,
    passes,
)
from flow_engine.stores.memory.schedules import MemorySchedules
from flow_engine.stores.outcomes import gathered


class MemoryReads(MemorySchedules, ABC):
    _runs: dict[str, Kept]
    _pools: dict[str, int]
    _plans: dict[str, Plan]
    _bundles: dict[str, str]
    _cached: list[KeptResult]
    letters: MemoryLetters

    def pools(self) -> dict[str, int]:
        return dict(self._pools)

    def cached(self, digest: str, now: float) -> Cached | None:
        kept = [item for item in self._cached if item.entry.digest == digest]
        fresh = [item for item in kept if item.expires_at is None or item.expires_at > now]
        return fresh[-1].cached if fresh else None

    def last_cached(self, workflow: str, task: str, key: str, before: float) -> Cached | None:
        named = [item for item in self._cached if (item.workflow, item.entry.task) == (workflow, task)]
        older = [item for item in named if item.cached.created_at < before]
        older.sort(key=lambda item: (item.entry.key == key, item.cached.created_at))
        return older[-1].cached if older else None

    def cancel_requests(self, worker: str) -> list[str]:
        records = [kept.record for kept in self._runs.values()]
        return [
            r.id for r in records if r.owner == worker and r.cancel_requested_at is not None and r.finished_at is None
        ]

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]:
        tasks = self._runs[run].tasks
        return [tasks[row].result for row in rows]

    def items(self, run: str, rows: Sequence[int]) -> list[str | None]:
        tasks = self._runs[run].tasks
        return [tasks[row].item for row in rows]

    def outcome(self, run: str) -> str:
        return self._graph(run).outcome()

    def row_of(self, run: str, node: int, place: int) -> int:
        return self._graph(run).base[node] + place

    def state_of(self, run: str, node: int) -> str:
        return self._graph(run).state[node]

    def size_of(self, run: str, node: int) -> int:
        return self._graph(run).size[node]

    def gather(self, run: str, node: int, most: int | None = None) -> list[str]:
        rows = [row for row in self._runs[run].tasks if row.node == node and row.place is not None]
        return gathered((row.result for row in rows if row.state == states.SUCCEEDED), most)

    def census(self) -> Census:
        records = [kept.record for kept in self._runs.values()]
        unfinished = [kept for kept in self._runs.values() if kept.record.finished_at is None]
        open_ = Counter(row.state for kept in unfinished for row in kept.tasks)
        ready = Counter(_pool(kept, row) for kept in unfinished for row in kept.tasks if row.state == states.READY)
        queued = [record.created_at for record in records if record.state == states.QUEUED]
        runs = Counter(record.state for record in records)
        return Census(runs, open_, min(queued, default=None), ready, self.letters.open())

    def run_of_key(self, key: str, namespace: str = DEFAULT) -> str | None:
        found = (id_ for id_, kept in self._runs.items() if (kept.key, kept.record.namespace) == (key, namespace))
        return next(found, None)

    def newest(self) -> str | None:
        return max(self._runs, default=None)

    def run(self, run: str) -> RunRecord:
        found = (
            [self._runs[run]]
            if run in self._runs
            else [kept for id_, kept in self._runs.items() if run and id_.startswith(run)]
        )
        if len(found) > 1:
            raise FlowError(f"{run} is the start of more than one run id; give more of it")
        if not found:
            raise UnknownRun(run)
        return found[0].record

    def records(self, runs: Collection[str]) -> dict[str, RunRecord | Unreadable]:
        return {run: self._runs[run].record for run in runs if run in self._runs}

    def runs(self, filter_: RunFilter, damaged: Callable[[Unreadable], None] | None = None) -> list[RunRecord]:
        records = sorted((kept.record for kept in self._runs.values()), key=lambda record: record.id, reverse=True)
        return [record for record in records if passes(record, filter_)][: filter_.limit]

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan:
        plan = self._plans[plan_hash]
        return plan if workflow is None else plan._replace(entry=workflow)

    def bundle(self, plan_hash: str) -> str:
        return self._bundles[plan_hash]

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        rows = [row for row in self._made(run) if row.place is None or row.place >= 0]
        return rows if values else [row._replace(item=None, result=None) for row in rows]

    def tallies(self, run: str) -> list[Tally]:
        counts = Counter((row.node, row.place is None, row.state, row.size) for row in self.tasks(run))
        return [Tally(*kind, count) for kind, count in counts.items()]

    def _made(self, run: str) -> list[TaskRecord]:
        return [row for row in self._runs[run].tasks if row.state != RESERVED]

    def overrides(self, run: str) -> dict[int, dict[str, Any]]:
        rows = self._runs[run].tasks
        return {row.seq: json.loads(row.override) for row in rows if row.override is not None}

    def attempts(self, run: str, seq: int) -> list[AttemptRecord]:
        return [attempt for attempt in self._runs[run].attempts if attempt.seq == seq]

    def events(self, run: str, after: int) -> list[Event]:
        return [event for event in self._runs[run].events if event.id > after]

    def last_event(self, run: str) -> int:
        events = self._runs[run].events
        return events[-1].id if events else 0

    def events_of(self, after: Mapping[str, int]) -> dict[str, list[Event]]:
        found = {run: self.events(run, last) for run, last in after.items()}
        return {run: events for run, events in found.items() if events}

    @abstractmethod
    def _graph(self, run: str) -> RunGraph: ...


def _pool(kept: Kept, row: TaskRecord) -> str:
    """That which it goes through; empty for none."""
    workflow = kept.plan.workflow
    task = workflow.tasks[row.node]
    return pool_key(workflow, task) if task.pool and (not task.loop or row.place is not None) else ""
