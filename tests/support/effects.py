"""The log of effects that bodies write, against the rows: what may never be seen in it, whatever was killed.

A line is `begin|end RUN KEY ATTEMPT`, appended by the body itself; the key is as in FLOW_TASK.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_lang.plan import Need, Plan
from simulation.checker import Violation, check_end, check_rows


class Effect(NamedTuple):
    what: str
    run: str
    key: str
    attempt: int


def read_effects(path: Path) -> list[Effect]:
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [Effect(what, run, key, int(attempt)) for what, run, key, attempt in lines]


def check_state(store: Store, effects: list[Effect] | None) -> list[RunRecord]:
    """Every run has ended as its rows say, and the bodies did what the rows say (None: they tell nothing). The runs, oldest first."""
    records = sorted(store.runs(RunFilter(limit=100_000)), key=lambda record: record.id)
    known = {record.id for record in records}
    strange = [effect for effect in effects or () if effect.run not in known]
    if strange:
        raise Violation(f"bodies of runs that are not kept: {strange}")
    for record in records:
        _check_run(store, record, None if effects is None else [one for one in effects if one.run == record.id])
    return records


def _check_run(store: Store, record: RunRecord, effects: list[Effect] | None) -> None:
    if record.finished_at is None:
        raise Violation(f"accepted and never ended: {record}")
    plan = store.plan(record.plan_hash, record.workflow)
    rows = store.tasks(record.id, values=True)
    check_rows(plan, rows, record.reopened_at is not None)
    check_end(plan, record, rows)
    if effects is None:
        return
    twice = [effect for effect, count in Counter(effects).items() if count > 1]
    if twice:
        raise Violation(f"an attempt ran twice: {twice}")
    for row in rows:
        _check_row(store, plan, record, row, effects)
    if record.reopened_at is None:
        _check_order(plan, rows, effects)


def _check_row(store: Store, plan: Plan, record: RunRecord, row: TaskRecord, effects: list[Effect]) -> None:
    key = key_of(plan, row)
    kept = [attempt.attempt for attempt in store.attempts(record.id, row.seq)]
    if len(kept) != len(set(kept)):
        raise Violation(f"{key}: two ends of one attempt are kept: {kept}")
    begun = {effect.attempt for effect in effects if effect.key == key and effect.what == "begin"}
    ended = {effect.attempt for effect in effects if effect.key == key and effect.what == "end"}
    if begun and max(begun) > row.attempt:
        raise Violation(f"{key}: attempts {begun} began, and the row has {row.attempt}")
    if not ended <= begun:
        raise Violation(f"{key}: {ended} ended, {begun} began")
    task = plan.workflow.tasks[row.node]
    has_body = task.body.kind in ("shell", "python") and not (task.loop and row.place is None)
    if has_body and row.state == states.SUCCEEDED and row.attempt not in ended:
        raise Violation(f"{key} has succeeded in attempt {row.attempt}, which did not end: {ended}")
    if task.at_most_once and len(begun) > 1:
        raise Violation(f"{key} may run once and began {begun}")
    if begun and row.state in (states.SKIPPED, states.UPSTREAM_FAILED) and record.reopened_at is None:
        raise Violation(f"{key} is {row.state} and its body ran")


def _check_order(plan: Plan, rows: list[TaskRecord], effects: list[Effect]) -> None:
    """A body begins after the last end of each parent that has succeeded."""
    nodes = {task.name: node for node, task in enumerate(plan.workflow.tasks)}
    first = {effect.key: at for at, effect in reversed(list(enumerate(effects))) if effect.what == "begin"}
    last = {effect.key: at for at, effect in enumerate(effects) if effect.what == "end"}
    for row in rows:
        began = first.get(key_of(plan, row))
        if began is None:
            continue
        for need in plan.workflow.tasks[row.node].needs:
            for parent in _parents(rows, nodes[need.task], need, row):
                key = key_of(plan, parent)
                if parent.state == states.SUCCEEDED and last.get(key, -1) > began:
                    raise Violation(f"{key_of(plan, row)} began before {key} had ended")


def _parents(rows: list[TaskRecord], node: int, need: Need, row: TaskRecord) -> list[TaskRecord]:
    of_node = [other for other in rows if other.node == node]
    if need.how == "element" and row.place is not None:
        return [other for other in of_node if other.place == row.place]
    return of_node


def key_of(plan: Plan, row: TaskRecord) -> str:
    name = plan.workflow.tasks[row.node].name
    return name if row.place is None else f"{name}[{row.place}]"
