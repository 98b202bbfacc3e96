"""Who works, on what, and what waits for a place: made of the runs that have not ended."""

from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from flow_engine import states
from flow_engine.decisions.gates import pool_key
from flow_engine.errors import Unreadable
from flow_engine.ids import begun_at
from flow_engine.model import RunRecord, TaskRecord, WorkerRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_engine.stores.reads import readable
from flow_lang.plan import Plan
from flow_runtime.document import key_of
from flow_runtime.labels import LabelWaits

RUNS = 200
"""Runs of a state that are looked at, the newest."""
ROWS = 20_000
"""Rows of tasks that are looked at, about."""
WAITS = 50
"""Tasks without a worker that are named."""


class Worker(NamedTuple):
    """`runs` that it owns and `tasks` that run on it, of those that were looked at; `since`: when it began."""

    worker: WorkerRecord
    lives: bool
    since: float | None
    runs: int
    tasks: int


class Pool(NamedTuple):
    """Of the server: a run that asks for one that is not there is not taken."""

    name: str
    slots: int
    used: int
    waiting: int


class LabelWait(NamedTuple):
    """A task that no worker which lives may run."""

    record: RunRecord
    task: str
    text: str
    remedy: str


class Crew:
    """`is_part` says that there was more than is looked at, so that the counts are too low."""

    def __init__(self, store: Store) -> None:
        self._store, self._labels = store, LabelWaits(store)
        self._owned: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._used: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._rows = 0
        self.is_part = False
        self.label_waits: list[LabelWait] = []
        for state in (states.RUNNING, states.QUEUED):
            found = store.runs(RunFilter(state, limit=RUNS + 1), lambda _: None)
            self.is_part = self.is_part or len(found) > RUNS
            for record in found[:RUNS]:
                with suppress(Unreadable), readable(f"run {record.id}"):  # its own page tells
                    self._look_at(record)

    def workers(self) -> list[Worker]:
        """Those that live first, each in the order in which they began."""
        records = self._store.workers()
        living = self._store.living([one.worker for one in records])
        found = [
            Worker(
                one,
                one.worker in living,
                begun_at(one.worker),
                self._owned[one.worker],
                self._busy[one.worker],
            )
            for one in records
        ]
        return sorted(found, key=lambda one: (not one.lives, one.worker.worker))

    def pools(self) -> list[Pool]:
        """By name."""
        sizes = self._store.pools()
        return [Pool(name, slots, self._used[name], self._waiting[name]) for name, slots in sorted(sizes.items())]

    def _look_at(self, record: RunRecord) -> None:
        if record.owner is not None:
            self._owned[record.owner] += 1
        if self._rows >= ROWS:
            self.is_part = True
            return
        plan, rows = self._store.plan(record.plan_hash, record.workflow), self._store.tasks(record.id)
        self._rows += len(rows)
        for row in rows:
            self._count(record, plan, row)

    def _count(self, record: RunRecord, plan: Plan, row: TaskRecord) -> None:
        task = plan.workflow.tasks[row.node]
        pool = pool_key(plan.workflow, task) if task.pool else ""
        if row.state in states.IN_FLIGHT:
            self._busy[row.worker or ""] += 1
            self._used[pool] += task.slots
        elif row.state == states.READY and not (task.loop and row.place is None):
            self._waiting[pool] += 1
        remedy = self._labels.remedy(plan, row) if task.labels else ""
        if remedy and len(self.label_waits) < WAITS:
            text = self._labels.text(plan, row)
            self.label_waits.append(LabelWait(record, key_of(plan, row), text, remedy))
