"""A deployed schedule as the JSON document that `--json` prints and the server answers."""

import time
from datetime import UTC, datetime
from typing import Any

from flow_engine.schedules import ScheduleRecord

from flow_runtime.document import moment
from flow_runtime.schedules.firings import firings
from flow_runtime.schedules.specs import overdue, schedule_of


def schedule_document(record: ScheduleRecord) -> dict[str, Any]:
    schedule = schedule_of(record.spec)
    return {
        "schedule": record.id,
        "workflow": record.workflow,
        "plan_hash": record.plan_hash,
        "cron": schedule.cron,
        "tz": schedule.tz,
        "overlap": schedule.overlap,
        "catchup": schedule.catchup,
        "created_at": moment(record.created_at),
        "paused_at": moment(record.paused_at),
        "last_fired_at": moment(record.last_fired_at),
        "next_at": None if record.paused_at is not None else moment(_next(record)),
        "overdue_since": moment(overdue(record, time.time())),
        "held": [moment(instant) for instant in record.held],
    }


def _next(record: ScheduleRecord) -> float | None:
    """The first instant from now on."""
    found = firings(schedule_of(record.spec), datetime.now(UTC), 1)
    return found[0].timestamp() if found else None
