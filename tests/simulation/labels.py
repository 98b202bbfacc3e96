"""Labels of tasks and workers, made by chance, and that nobody gets a task whose labels it has not."""

import random
from collections.abc import Iterable, Mapping

from flow_engine.model import Claim
from flow_lang.plan import Plan, Task

from simulation.checker import Violation
from simulation.plans import NOOP

ALL = frozenset({"gpu", "ssd"})


class Labels:
    """In every third simulation; in the others nobody looks at labels. It has a random source of its own."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(f"labels {seed}")
        self._used = self._draw.random() < 1 / 3
        self._workers: dict[str, frozenset[str]] = {}

    def put_on(self, plan: Plan) -> Plan:
        if not self._used:
            return plan
        return plan._replace(
            workflows={
                name: workflow._replace(tasks=tuple(map(self._labelled, workflow.tasks)))
                for name, workflow in plan.workflows.items()
            }
        )

    def of_worker(self, worker: str) -> frozenset[str] | None:
        if not self._used:
            return None
        self._workers[worker] = self._some()
        return self._workers[worker]

    def of_all(self, worker: str) -> frozenset[str] | None:
        """For the worker that is to end all."""
        if self._used:
            self._workers[worker] = ALL
        return ALL if self._used else None

    def check(self, plans: Mapping[str, Plan], claims: Iterable[tuple[str, Claim]]) -> int:
        """How many of these claims, each with its worker, need labels."""
        count = 0
        for worker, claim in claims if self._used else ():
            task = plans[claim.task.run].workflow.tasks[claim.node]
            if not task.labels or claim.expands or task.body != NOOP:
                continue
            count += 1
            if not self._workers[worker].issuperset(task.labels):
                raise Violation(f"{worker} got a task that needs {task.labels}, and has {set(self._workers[worker])}")
        return count

    def _labelled(self, task: Task) -> Task:
        return task._replace(labels=tuple(self._some())) if self._draw.random() < 0.5 else task

    def _some(self) -> frozenset[str]:
        return frozenset(label for label in sorted(ALL) if self._draw.random() < 0.5)
