"""Pools, `concurrency` and rates: after a transaction that has started something behind a limit, no more runs than the limit lets."""

from collections.abc import Callable, Mapping, Sequence

from flow_engine import states
from flow_engine.model import Claim, RunRecord, TaskRecord
from flow_lang.plan import Plan, Task

from simulation.checker import Violation


class Limits:
    """`alive` tells whether a worker lives. What dead ones had does not count: whoever takes their runs over begins it again."""

    def __init__(self, alive: Callable[[str], bool]) -> None:
        self._alive = alive
        self._last: dict[str, float] = {}

    def check(
        self,
        plans: Mapping[str, Plan],
        rows: Mapping[str, Sequence[TaskRecord]],
        records: Mapping[str, RunRecord],
        claims: Sequence[Claim],
        now: float,
    ) -> None:
        bodies = [claim for claim in claims if not claim.expands and claim.awaits is None]
        for claim in bodies:
            workflow = plans[claim.task.run].workflow
            task = workflow.tasks[claim.node]
            if task.pool:
                self._check_pool(workflow.name, task, plans, rows, records)
            if task.concurrency is not None:
                self._check_instances(claim, task, rows[claim.task.run])
            if task.rate is not None:
                self._check_rate(f"{workflow.name}/{task.name}", task.rate.per / task.rate.starts, now)
            if workflow.concurrency is not None and records[claim.task.run].started_at == now:
                self._check_runs(workflow.name, workflow.concurrency, plans, records)

    def _check_pool(
        self,
        workflow: str,
        task: Task,
        plans: Mapping[str, Plan],
        rows: Mapping[str, Sequence[TaskRecord]],
        records: Mapping[str, RunRecord],
    ) -> None:
        taken = 0
        for run, plan in plans.items():
            if plan.workflow.name == workflow and self._works(records[run]):
                tasks = plan.workflow.tasks
                flying = [row for row in rows[run] if row.state in states.IN_FLIGHT and not row.awaits]
                taken += sum(
                    tasks[row.node].slots
                    for row in flying
                    if tasks[row.node].pool == task.pool and (row.place is not None or not tasks[row.node].loop)
                )
        size = next(pool.slots for plan in plans.values() for pool in plan.workflow.pools if pool.name == task.pool)
        if taken > size:
            raise Violation(f"{taken} slots of the pool {workflow}/{task.pool} are taken, and it has {size}")

    def _check_instances(self, claim: Claim, task: Task, rows: Sequence[TaskRecord]) -> None:
        running = sum(
            row.node == claim.node
            and row.state in states.IN_FLIGHT
            and not row.awaits
            and (row.place is not None or not task.loop)
            for row in rows
        )
        if running > (task.concurrency or 0):
            raise Violation(f"{running} instances of {task.name} run, and {task.concurrency} may")

    def _check_rate(self, key: str, gap: float, now: float) -> None:
        before = self._last.get(key)
        self._last[key] = now
        if before is not None and now - before < gap - 1e-6:
            raise Violation(f"{key} started {now - before} s after the last start; {gap} s lie between two")

    def _check_runs(
        self, workflow: str, limit: int, plans: Mapping[str, Plan], records: Mapping[str, RunRecord]
    ) -> None:
        working = sum(
            plans[run].workflow.name == workflow and record.state == "running" and self._works(record)
            for run, record in records.items()
        )
        if working > limit:
            raise Violation(f"{working} runs of {workflow} have begun, and {limit} may")

    def _works(self, record: RunRecord) -> bool:
        return record.finished_at is None and record.owner is not None and self._alive(record.owner)
