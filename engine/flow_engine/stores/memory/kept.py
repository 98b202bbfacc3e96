"""All that is kept of one run, and what all workers hold together."""

from collections.abc import Callable
from typing import NamedTuple

from flow_lang.plan import Plan

from flow_engine import states
from flow_engine.decisions.gates import pool_key
from flow_engine.model import (
    AttemptRecord,
    Cached,
    CacheEntry,
    Event,
    RunRecord,
    Signal,
    TaskRecord,
)


class Kept(NamedTuple):
    """All that is kept of one run."""

    record: RunRecord
    key: str | None
    tasks: list[TaskRecord]
    attempts: list[AttemptRecord]
    events: list[Event]
    plan: Plan
    signals: list[Signal]


class KeptResult(NamedTuple):
    """A result that other runs may use."""

    workflow: str
    entry: CacheEntry
    cached: Cached
    expires_at: float | None


class MemoryUsage:
    """What all workers hold together, counted from the rows as they are kept."""

    def __init__(self, runs: dict[str, Kept], pools: dict[str, int], alive: Callable[[str], bool]) -> None:
        self._runs, self._pools, self._alive = runs, pools, alive
        self._rates: dict[str, float] = {}

    def pool_size(self, pool: str) -> int | None:
        return self._pools.get(pool)

    def pool_slots(self, pool: str) -> int:
        taken = 0
        for kept in self._living():
            workflow = kept.plan.workflow
            flight = [row for row in kept.tasks if row.state in states.IN_FLIGHT]
            tasks = [
                workflow.tasks[row.node] for row in flight if row.place is not None or not workflow.tasks[row.node].loop
            ]
            taken += sum(task.slots for task in tasks if task.pool and pool_key(workflow, task) == pool)
        return taken

    def running(self, workflow: str) -> int:
        runs = self._runs.values()
        return sum(kept.record.workflow == workflow and kept.record.state == states.RUNNING for kept in runs)

    def rate(self, key: str) -> float:
        return self._rates.get(key, 0.0)

    def set_rate(self, key: str, at: float) -> None:
        self._rates[key] = at

    def _living(self) -> list[Kept]:
        owners = [(kept, kept.record.owner) for kept in self._runs.values()]
        return [kept for kept, owner in owners if owner is not None and self._alive(owner)]
