"""What becomes of an instant of a schedule; the same in every store, which calls this inside of its transaction."""

import json
from typing import Any

from flow_engine.deployments import Deployment, deployed_schedule
from flow_engine.model import NewRun
from flow_engine.schedules import BACKFILL, ScheduleRecord, firing_key

_HELD = ScheduleRecord._fields.index("held")


def after_deploy(old: ScheduleRecord | None, new: Deployment) -> ScheduleRecord | None:
    same = old is not None and new.spec is not None and _instants(old.spec) == _instants(new.spec)
    return deployed_schedule(old, new, same)


def keyed(record: ScheduleRecord, instant: float, new: NewRun, backfill: bool) -> NewRun:
    labels = (*new.labels, BACKFILL) if backfill else new.labels
    return new._replace(
        idempotency_key=firing_key(record.id, instant), labels=labels, namespace=record.namespace, owner=None
    )


def may_fire(record: ScheduleRecord, instant: float, new: NewRun) -> bool:
    """Whether the clock may start a run for this instant: nobody has decided otherwise since whoever asks has looked."""
    if record.paused_at is not None or record.plan_hash != new.plan_hash:
        return False
    return instant in record.held or instant > record.since


def left_out(record: ScheduleRecord, instant: float, hold: bool) -> ScheduleRecord | None:
    if record.paused_at is not None or instant <= record.since:
        return None
    return record._replace(since=instant, held=(*record.held, instant) if hold else record.held)


def resumed(record: ScheduleRecord, now: float) -> ScheduleRecord:
    return record._replace(paused_at=None, since=max(record.since, now))


def record_of(*row: Any) -> ScheduleRecord:
    """From a row, whose `held` is JSON."""
    record = ScheduleRecord(*row)
    return record._replace(held=tuple(json.loads(row[_HELD])))


def row_of(record: ScheduleRecord) -> tuple[Any, ...]:
    return (*record[:_HELD], json.dumps(record.held), *record[_HELD + 1 :])


def _instants(spec: str) -> tuple[str, str]:
    """What decides when it fires."""
    fields = json.loads(spec)
    return fields["cron"], fields.get("tz", "UTC")
