"""A deployed schedule, and what names its runs. Times are seconds since the epoch."""

from datetime import UTC, datetime

from flow_lang.named import NamedTuple

BACKFILL = "flow.backfill"
"""The label of runs that somebody asked for by an instant: they do not overlap what the clock starts."""


class ScheduleRecord(NamedTuple):
    """`id` is the workflow's name, with its namespace before it where that is not `default`. `spec` is the JSON of `plan.Schedule`.

    All instants up to `since` are decided: fired, left out, or in `held`, which are those that wait for a run to end, oldest first.
    `last_fired_at` is an instant of the schedule, not the time at which it was acted upon.
    """

    id: str
    workflow: str
    plan_hash: str
    folder: str
    spec: str
    created_at: float
    since: float
    held: tuple[float, ...] = ()
    paused_at: float | None = None
    last_fired_at: float | None = None
    namespace: str = "default"


def key_prefix(schedule: str) -> str:
    return f"schedule:{schedule}:"


def firing_key(schedule: str, instant: float) -> str:
    """The idempotency key of the run of an instant: `schedule:nightly:2026-11-25T01:00:00Z`."""
    return key_prefix(schedule) + datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fired(old: ScheduleRecord, instant: float) -> ScheduleRecord:
    return old._replace(
        since=max(old.since, instant),
        held=tuple(moment for moment in old.held if moment != instant),
        last_fired_at=max(old.last_fired_at or instant, instant),
    )
