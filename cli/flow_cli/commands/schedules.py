"""`flow schedule list`, `pause`, `resume`, `remove`, `backfill`: what is deployed in the state of the working folder."""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flow_engine.errors import UnknownSchedule
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store
from flow_runtime.document import moment
from flow_runtime.schedules.backfill import TooMany, instants
from flow_runtime.schedules.backfill import backfill as submit_all
from flow_runtime.schedules.firings import WrongSchedule, firings, zone_of
from flow_runtime.schedules.specs import CannotFire, overdue, schedule_of

from flow_cli import exits
from flow_cli.commands.runs import here
from flow_cli.commands.schedule import is_date, moment_of, table, utc
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted
from flow_cli.sources import load, split_target


def list_schedules(as_json: bool) -> int:
    _, store = here()
    records = store.schedules()
    if as_json:
        print(json.dumps({"schedules": [schedule_document(record) for record in records]}, ensure_ascii=False))
    elif not records:
        print("no schedules yet; deploy one with: flow deploy FILE", file=sys.stderr)
    else:
        print(f"{'SCHEDULE':<20}  {'CRON':<16}  {'ZONE':<16}  {'LAST':<16}  NEXT")
        for record in records:
            schedule = schedule_of(record.spec)
            last = _local(record, record.last_fired_at)
            following = "paused" if record.paused_at is not None else _local(record, _next(record))
            late = overdue(record, time.time())
            note = f"  overdue since {_local(record, late)}" if late is not None else ""
            print(f"{record.id:<20}  {schedule.cron:<16}  {schedule.tz:<16}  {last:<16}  {following}{note}")
        if any(overdue(record, time.time()) is not None for record in records):
            remedy = "start one (flow server, flow scheduler), or read there why it cannot be fired"
            print(f"what is overdue was acted upon by no scheduler: {remedy}", file=sys.stderr)
    return exits.OK


def pause(name: str) -> int:
    _, store = here()
    changed = store.pause_schedule(name, time.time())
    print(f"{name} is paused" if changed else f"{name} was paused already", file=sys.stderr)
    return exits.OK


def resume(name: str) -> int:
    _, store = here()
    changed = store.resume_schedule(name, time.time())
    print(f"resumed {line(store.schedule(name))}" if changed else f"{name} was not paused", file=sys.stderr)
    return exits.OK


def remove(name: str) -> int:
    _, store = here()
    store.remove_schedule(name)
    print(f"removed {name}; its runs stay", file=sys.stderr)
    return exits.OK


def backfill(target: str, start: str, end: str, dry_run: bool, as_json: bool) -> int:
    _, store = here()
    record = _deployed(store, target)
    first, last = _span(record, start, end)
    try:
        if dry_run:
            _show(record, instants(record, first, last), as_json)
            return exits.OK
        told = submit_all(store, record, first, last)
    except (CannotFire, TooMany) as error:
        raise CommandError(exits.USAGE, "backfill", f"{record.id}: {error}") from None
    made = sum(one.created for one in told)
    if as_json:
        runs = [{"instant": utc(one.instant), "run": one.run, "created": one.created} for one in told]
        print(json.dumps({"schedule": record.id, "runs": runs}))
    for one in told if not as_json else []:
        print(f"{_local(record, one.instant.timestamp())}  {one.run}{'' if one.created else '  it was there'}")
    kept = f", {len(told) - made} were there" if made < len(told) else ""
    print(f"{record.id}: {counted(made, 'new run')}{kept}; `flow worker` works on them", file=sys.stderr)
    return exits.OK


def schedule_document(record: ScheduleRecord) -> dict[str, Any]:
    schedule = schedule_of(record.spec)
    return {
        "schedule": record.id,
        "workflow": record.workflow,
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


def line(record: ScheduleRecord) -> str:
    """`nightly: 0 2 * * * Europe/Berlin, next 2026-03-28 02:00`."""
    schedule = schedule_of(record.spec)
    following = "paused" if record.paused_at is not None else f"next {_local(record, _next(record))}"
    return f"{record.id}: {schedule.cron} {schedule.tz}, {following}"


def _next(record: ScheduleRecord) -> float | None:
    """The first instant from now on."""
    found = firings(schedule_of(record.spec), datetime.now(UTC), 1)
    return found[0].timestamp() if found else None


def _local(record: ScheduleRecord, at: float | None) -> str:
    """In the schedule's zone."""
    if at is None:
        return "never"
    return f"{datetime.fromtimestamp(at, zone_of(schedule_of(record.spec).tz)):%Y-%m-%d %H:%M}"


def _deployed(store: Store, target: str) -> ScheduleRecord:
    """By its name, or by its file, which must be what is deployed."""
    path, _ = split_target(target)
    if not os.path.exists(path):
        return store.schedule(target)
    loaded = load(target, None)
    assert loaded.plan is not None
    try:
        record = store.schedule(loaded.plan.entry)
    except UnknownSchedule:
        raise CommandError(
            exits.USAGE, "not_deployed", f"{loaded.plan.entry} is not deployed; do: flow deploy {target}"
        ) from None
    if record.plan_hash != loaded.plan_hash:
        message = f"{path} has changed since it was deployed; do first: flow deploy {target}"
        raise CommandError(exits.USAGE, "not_deployed", f"{message}; or name the schedule: {record.id}")
    return record


def _span(record: ScheduleRecord, start: str, end: str) -> tuple[datetime, datetime]:
    """A day as the end is all of it."""
    schedule = schedule_of(record.spec)
    try:
        first, last = moment_of("--from", start, schedule), moment_of("--to", end, schedule)
    except WrongSchedule as error:
        raise CommandError(exits.USAGE, "schedule", str(error)) from None
    if is_date(end):
        last += timedelta(days=1, microseconds=-1)
    if last < first:
        raise CommandError(exits.USAGE, "to", f"--to {end} is before --from {start}")
    return first, last


def _show(record: ScheduleRecord, found: list[datetime], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"schedule": record.id, "runs": [{"instant": utc(instant)} for instant in found]}))
    elif found:
        print(*table(found), sep="\n")
    else:
        print(f"{record.id} has no instants in that time", file=sys.stderr)
