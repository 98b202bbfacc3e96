"""The critical path of a run, in one line, and the slack of its tasks."""

import time
from collections.abc import Sequence
from typing import Any

from flow_engine.decisions.critical_path import Step, Timeline
from flow_engine.model import RunRecord, TaskRecord
from flow_lang.plan import Plan
from flow_runtime.document import key_of
from flow_runtime.run_reads import RunReads

from flow_cli.progress.text import seconds

SHOWN = 6
"""Steps at most; the longest are kept, in order."""
NOTED = 0.5
"""Seconds of waiting from which on it is said."""
LEAST = 0.01
"""Seconds of slack from which on it is said."""


def path_text(store: RunReads, record: RunRecord) -> str:
    """`fetch[3] 1.20s > clean[3] 0.40s (waited 2.00s) > report 0.10s`"""
    plan = store.plan(record.plan_hash, record.workflow)
    return steps_text(plan, timeline(plan, record, store.tasks(record.id)).path())


def timeline(plan: Plan, record: RunRecord, rows: Sequence[TaskRecord]) -> Timeline:
    """Of a run under way: as of now."""
    return Timeline(plan.workflow, rows, record.started_at or 0.0, time.time() if record.finished_at is None else None)


def steps_text(plan: Plan, steps: list[Step]) -> str:
    longest = sorted(steps, key=lambda step: step.took + step.waited, reverse=True)[:SHOWN]
    kept = [step for step in steps if step in longest]
    left_out = f" (and {len(steps) - len(kept)} shorter)" if len(kept) < len(steps) else ""
    return " > ".join(_step_text(plan, step) for step in kept) + left_out


def slack_text(slacks: dict[int, float], rows: Sequence[TaskRecord]) -> str:
    """`slack 1.20s`: of a `for`, that of the instance which has the least; empty where there is none."""
    least = min((slacks[row.seq] for row in rows if row.seq in slacks), default=0.0)
    return f"slack {seconds(least)}" if least >= LEAST else ""


def add_times(document: dict[str, Any], plan: Plan, found: Timeline, rows: Sequence[TaskRecord]) -> None:
    """`critical_path`, and the `slack` of each task in seconds, null where it has no time. The document's tasks are those of `rows`."""
    slacks = found.slacks()
    document["critical_path"] = [
        {"task": key_of(plan, step.row), "waited": round(step.waited, 3), "seconds": round(step.took, 3)}
        for step in found.path()
    ]
    for task, row in zip(document["tasks"], rows, strict=True):
        slack = slacks.get(row.seq)
        task["slack"] = None if slack is None else round(slack, 3)


def _step_text(plan: Plan, step: Step) -> str:
    waited = f" (waited {seconds(step.waited)})" if step.waited >= NOTED else ""
    return f"{key_of(plan, step.row)} {seconds(step.took)}{waited}"
