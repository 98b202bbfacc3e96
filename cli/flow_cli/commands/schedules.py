"""`flow schedule list`, `pause`, `resume`, `remove`, `backfill`: what is deployed."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from flow_engine.errors import UnknownSchedule
from flow_lang.plan import Schedule
from flow_runtime.schedules.backfill import TooMany, WrongTime
from flow_runtime.schedules.firings import WrongSchedule, zone_of
from flow_runtime.schedules.specs import CannotFire

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.commands.schedule import is_date, moment_of, table, utc
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted
from flow_cli.sources import load, split_target


def list_schedules(place: Backend, as_json: bool) -> int:
    found = place.schedules()
    if as_json:
        print(json.dumps({"schedules": list(found)}, ensure_ascii=False))
    elif not found:
        print("no schedules yet; deploy one with: flow deploy FILE", file=sys.stderr)
    else:
        print(f"{'SCHEDULE':<20}  {'CRON':<16}  {'ZONE':<16}  {'LAST':<16}  NEXT")
        for one in found:
            last = _local(one, one["last_fired_at"])
            following = "paused" if one["paused_at"] is not None else _local(one, one["next_at"])
            note = f"  overdue since {_local(one, one['overdue_since'])}" if one["overdue_since"] is not None else ""
            print(f"{one['schedule']:<20}  {one['cron']:<16}  {one['tz']:<16}  {last:<16}  {following}{note}")
        if any(one["overdue_since"] is not None for one in found):
            remedy = "start one (flow server, flow scheduler), or read there why it cannot be fired"
            print(f"what is overdue was acted upon by no scheduler: {remedy}", file=sys.stderr)
    return exits.OK


def pause(place: Backend, name: str) -> int:
    changed, _ = place.hold(name, True)
    print(f"{name} is paused" if changed else f"{name} was paused already", file=sys.stderr)
    return exits.OK


def resume(place: Backend, name: str) -> int:
    changed, document = place.hold(name, False)
    print(f"resumed {line(document)}" if changed else f"{name} was not paused", file=sys.stderr)
    return exits.OK


def remove(place: Backend, name: str) -> int:
    place.remove_schedule(name)
    print(f"removed {name}; its runs stay", file=sys.stderr)
    return exits.OK


def backfill(place: Backend, target: str, start: str, end: str, dry_run: bool, as_json: bool) -> int:
    one = _deployed(place, target)
    first, last = _span(one, start, end)
    name = str(one["schedule"])
    try:
        found = place.backfill(name, first.isoformat(), last.isoformat(), dry_run)
    except (CannotFire, TooMany, WrongTime) as error:
        raise CommandError(exits.USAGE, "backfill", f"{name}: {error}") from None
    zone = zone_of(one["tz"])
    instants = [datetime.fromisoformat(run["instant"]).astimezone(zone) for run in found]
    if as_json:
        runs = [{**run, "instant": utc(instant)} for run, instant in zip(found, instants, strict=True)]
        print(json.dumps({"schedule": name, "runs": runs}))
    if dry_run:
        _show(name, instants, as_json)
        return exits.OK
    for run, instant in zip(found, instants, strict=True) if not as_json else ():
        print(f"{instant:%Y-%m-%d %H:%M}  {run['run']}{'' if run['created'] else '  it was there'}")
    made = sum(run["created"] for run in found)
    kept = f", {len(found) - made} were there" if made < len(found) else ""
    print(f"{name}: {counted(made, 'new run')}{kept}; `flow worker` works on them", file=sys.stderr)
    return exits.OK


def _show(name: str, instants: list[datetime], as_json: bool) -> None:
    if as_json:
        return
    if instants:
        print(*table(instants), sep="\n")
    else:
        print(f"{name} has no instants in that time", file=sys.stderr)


def line(document: dict[str, Any]) -> str:
    """`nightly: 0 2 * * * Europe/Berlin, next 2026-03-28 02:00`."""
    return f"{document['schedule']}: {instants(document)}"


def instants(document: dict[str, Any]) -> str:
    paused = document["paused_at"] is not None
    following = "paused" if paused else f"next {_local(document, document['next_at'])}"
    return f"{document['cron']} {document['tz']}, {following}"


def _local(document: dict[str, Any], at: str | None) -> str:
    """In the schedule's zone."""
    if at is None:
        return "never"
    return f"{datetime.fromisoformat(at).astimezone(zone_of(document['tz'])):%Y-%m-%d %H:%M}"


def _deployed(place: Backend, target: str) -> dict[str, Any]:
    """By its name, or by its file, which must be what is deployed."""
    path, _ = split_target(target)
    if not os.path.isfile(path):
        return place.schedule(target)
    loaded = load(target, None)
    assert loaded.plan is not None
    try:
        found = place.schedule(loaded.plan.entry)
    except UnknownSchedule:
        raise CommandError(
            exits.USAGE, "not_deployed", f"{loaded.plan.entry} is not deployed; do: flow deploy {target}"
        ) from None
    if found["plan_hash"] != loaded.plan_hash:
        message = f"{path} has changed since it was deployed; do first: flow deploy {target}"
        raise CommandError(exits.USAGE, "not_deployed", f"{message}; or name the schedule: {found['schedule']}")
    return found


def _span(document: dict[str, Any], start: str, end: str) -> tuple[datetime, datetime]:
    """A day as the end is all of it."""
    schedule = Schedule(document["cron"], document["tz"])
    try:
        first, last = moment_of("--from", start, schedule), moment_of("--to", end, schedule)
    except WrongSchedule as error:
        raise CommandError(exits.USAGE, "schedule", str(error)) from None
    if is_date(end):
        last += timedelta(days=1, microseconds=-1)
    if last < first:
        raise CommandError(exits.USAGE, "to", f"--to {end} is before --from {start}")
    return first.astimezone(UTC), last.astimezone(UTC)
