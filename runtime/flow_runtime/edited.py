"""An earlier run against an edited workflow: what of its results still holds."""

from collections.abc import Mapping
from typing import Any

from flow_engine.decisions.reuse import Reuse, reuse
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import MAIN, Plan, Task

from flow_runtime.cache_keys import CacheKeys


def reuse_of(store: Store, record: RunRecord, plan: Plan, params: Mapping[str, Any]) -> Reuse:
    """What a new run of `plan` with these parameters takes over from the run `record`."""
    old = store.plan(record.plan_hash, record.workflow)
    before, after = CacheKeys(old), CacheKeys(plan)

    def same_code(was: Task, is_: Task) -> bool:
        return was.when == is_.when and before.code(was) == after.code(is_) and _callee(old, was) == _callee(plan, is_)

    names = {*params, *record.params}
    changed = [name for name in names if params.get(name) != record.params.get(name)]
    return reuse(old.workflow, store.tasks(record.id, values=True), plan.workflow, same_code, changed)


def difference(store: Store, record: RunRecord, plan: Plan, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a new run of `plan` would take over, for people: `{"run", "tasks": [{"task", "reused", "reason"}], "removed", "again"}`;
    `again` says whether something of the main phase runs again."""
    found = reuse_of(store, record, plan, params)
    old = store.plan(record.plan_hash, record.workflow).workflow
    return {
        "run": record.id,
        "tasks": [{"task": name, "reused": not reason, "reason": reason} for name, reason in found.reasons.items()],
        "removed": [task.name for task in old.tasks if task.name not in found.reasons],
        "again": any(found.reasons[task.name] for task in plan.workflow.tasks if task.phase == MAIN),
    }


def _callee(plan: Plan, task: Task, seen: frozenset[str] = frozenset()) -> list[Any]:
    """All that decides what a child run gives: the code of the called workflow, and of those that it calls."""
    name = task.body.function
    if task.body.kind != "child" or name in seen:
        return []
    workflow, keys = plan.workflows[name], CacheKeys(plan)
    codes = [
        [inner.name, keys.code(inner), inner.when, _callee(plan, inner, seen | {name})] for inner in workflow.tasks
    ]
    return [workflow.returns, codes]
