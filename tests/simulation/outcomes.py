"""How bodies end in the simulation."""

import random
from collections.abc import Mapping

from flow_engine.model import (
    Cancelled,
    Claim,
    Expanded,
    Failed,
    Lost,
    Outcome,
    Released,
    Skipped,
    Succeeded,
)
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan

from simulation.checker import Violation
from simulation.suspended import BODIES, Suspender


class Outcomes:
    """`watch` is a handle of the state that belongs to no worker; `plans` those of all runs, which grow."""

    def __init__(self, watch: Store, draw: random.Random, plans: Mapping[str, Plan], suspender: Suspender) -> None:
        self._watch, self._draw, self._plans, self._suspender = watch, draw, plans, suspender

    def outcome(self, worker: str, claim: Claim, begun: bool, cancelled: bool, now: float) -> Outcome:
        chance = self._draw.random()
        plan = self._plans[claim.task.run]
        if claim.deadline is not None and now >= claim.deadline and claim.awaits is None:
            return Failed("deadline", '{"code": "deadline"}', retryable=False)
        if plan.workflow.tasks[claim.node].body.kind in BODIES and not claim.expands:
            hashed = self._watch.run(claim.task.run).plan_hash
            return self._suspender.outcome(plan, hashed, claim, worker, now)
        if cancelled and chance < 0.7:
            return Cancelled("the run was cancelled")
        if chance < 0.15:
            return Failed("exit_1", '{"code": "exit_1"}', retryable=not claim.expands and self._draw.random() < 0.9)
        if chance < 0.18:
            return Lost("its process was gone")
        if chance < 0.24 and not begun:
            return Released()
        if claim.expands:
            return self._list(claim)
        return Skipped("no") if chance < 0.32 else Succeeded(f'"{claim.task.seq}.{claim.attempt}"')

    def _list(self, claim: Claim) -> Outcome:
        task = self._plans[claim.task.run].workflow.tasks[claim.node]
        aligned = task.loop[0].aligned
        if aligned is None:
            size = self._draw.choice([0, 1, 2, 3, 4])
            return Expanded(size, [f'"{number}"' for number in range(size)])
        names = [other.name for other in self._plans[claim.task.run].workflow.tasks]
        row = self._watch.tasks(claim.task.run)[names.index(aligned)]
        if row.size is None:
            raise Violation(f"{task.name} is to get its list before {aligned} has one")
        return Expanded(row.size, None)
