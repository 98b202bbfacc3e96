"""A schedule as the state keeps it, and the run that an instant of it asks for."""

import json
from datetime import UTC, datetime
from typing import Any

from flow_engine.deployments import Deployment
from flow_engine.errors import FlowError, Unreadable
from flow_engine.model import NewRun
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store
from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.params import bind
from flow_lang.plan import Plan, Schedule
from flow_lang.values import Mismatch, encode

from flow_runtime.files import FlowFiles
from flow_runtime.plans import Loaded
from flow_runtime.schedules.firings import due, zone_of

LATE = 5.0
"""Seconds that a scheduler may take to act upon an instant."""


class CannotFire(FlowError):
    """The plan gives no run for an instant: a parameter has no value, or the plan is of another version of Flow."""


def spec_of(schedule: Schedule) -> str:
    return json.dumps(schedule._asdict(), ensure_ascii=False)


def schedule_of(spec: str) -> Schedule:
    fields = json.loads(spec)
    return Schedule(**{**fields, "params": tuple((name, value) for name, value in fields["params"])})


def deployment(loaded: Loaded, now: float) -> Deployment:
    assert loaded.plan is not None
    return deployment_of(loaded.plan, loaded.bundle, loaded.plan_hash, loaded.folder, now)


def deployment_of(plan: Plan, bundle: str, plan_hash: str, folder: str, now: float) -> Deployment:
    schedule = plan.workflow.schedule
    return Deployment(plan.entry, plan_hash, bundle, folder, None if schedule is None else spec_of(schedule), now)


def overdue(record: ScheduleRecord, now: float) -> float | None:
    """The first instant that should have fired some seconds ago and is not decided: no scheduler runs, or none can fire it."""
    if record.paused_at is not None:
        return None
    since, until = datetime.fromtimestamp(record.since, UTC), datetime.fromtimestamp(now - LATE, UTC)
    found = due(schedule_of(record.spec), since, until)
    return found[0].timestamp() if found else None


def run_for(store: Store, record: ScheduleRecord, instant: datetime, run: str, now: float) -> NewRun:
    """The run of an instant, which `Store.fire` gives its key. Raises CannotFire, StoreError."""
    plan = _plan(store, record)
    schedule = schedule_of(record.spec)
    params = _params(plan, schedule, instant.astimezone(zone_of(schedule.tz)), record.folder)
    bundle, workflow = store.bundle(record.plan_hash), plan.workflow
    return NewRun(
        run,
        record.plan_hash,
        plan,
        bundle,
        params,
        record.folder,
        now,
        workflow.priority,
        workflow.labels,
        namespace=record.namespace,
    )


def _plan(store: Store, record: ScheduleRecord) -> Plan:
    try:
        return store.plan(record.plan_hash, record.workflow)
    except Unreadable as error:
        raise CannotFire(f"{error}; or deploy it again: flow deploy FILE") from error


def _params(plan: Plan, schedule: Schedule, local: datetime, folder: str) -> dict[str, Any]:
    """The schedule's parameters at an instant in its zone, and the workflow's defaults."""
    workflow, files = plan.workflow, FlowFiles(folder, "")
    types = {param.name: param.type for param in workflow.params}
    given: dict[str, Any] = {}
    for name, expr in schedule.params:
        try:
            value = evaluate(expr, {"fire.date": local.date(), "fire.time": local}, files)
            given[name] = encode(types[name], value)
        except (EvaluationError, Mismatch, OSError) as error:
            raise CannotFire(f"the parameter `{name}` of its schedule has no value: {error}") from error
    params, wrong = bind(workflow, {}, given, plan.file, files)
    if wrong:
        raise CannotFire("; ".join(f"{item.message} [{item.code}]" for item in wrong))
    return params
