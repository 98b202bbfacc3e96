"""The critical path of a run, in one line."""

from flow_engine.decisions.critical_path import Step, critical_path
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan
from flow_runtime.document import key_of

from flow_cli.progress.text import seconds

SHOWN = 6
"""Steps at most; the longest are kept, in order."""
NOTED = 0.5
"""Seconds of waiting from which on it is said."""


def path_text(store: Store, record: RunRecord) -> str:
    """`fetch[3] 1.20s > clean[3] 0.40s (waited 2.00s) > report 0.10s`"""
    plan = store.plan(record.plan_hash, record.workflow)
    steps = critical_path(plan.workflow, store.tasks(record.id))
    longest = sorted(steps, key=lambda step: step.took + step.waited, reverse=True)[:SHOWN]
    kept = [step for step in steps if step in longest]
    left_out = f" (and {len(steps) - len(kept)} shorter)" if len(kept) < len(steps) else ""
    return " > ".join(_step_text(plan, step) for step in kept) + left_out


def _step_text(plan: Plan, step: Step) -> str:
    waited = f" (waited {seconds(step.waited)})" if step.waited >= NOTED else ""
    return f"{key_of(plan, step.row)} {seconds(step.took)}{waited}"
