"""`flow schedule next`: when a workflow's schedule fires."""

import json
import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from flow_lang.plan import Schedule
from flow_runtime.schedules.firings import WrongSchedule, firings, zone_of

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.sources import load, split_target

if TYPE_CHECKING:
    from flow_cli.backends.contract import Backend


def next_firings(target: str, count: int, after: str | None, as_json: bool, place: "Backend | None" = None) -> int:
    """Of the file's schedule; of the one that is deployed at `place` where there is no such file."""
    name, schedule = _schedule(target, place)
    try:
        found = firings(schedule, datetime.now(UTC) if after is None else moment_of("--after", after, schedule), count)
    except WrongSchedule as error:
        raise CommandError(exits.USAGE, "schedule", str(error)) from None
    if as_json:
        print(json.dumps(_document(name, schedule, found), ensure_ascii=False))
        return exits.OK
    print(f"{name}: {schedule.cron} {schedule.tz}, overlap {schedule.overlap}, catchup {schedule.catchup}")
    print(*table(found), sep="\n")
    return exits.OK


def _schedule(target: str, place: "Backend | None") -> tuple[str, Schedule]:
    if place is not None and not os.path.isfile(split_target(target)[0]):
        document = place.schedule(target)
        return target, Schedule(document["cron"], document["tz"], document["overlap"], document["catchup"])
    plan = load(target, None).plan
    assert plan is not None
    schedule = plan.workflow.schedule
    if schedule is None:
        raise CommandError(
            exits.USAGE, "no_schedule", f'{plan.entry} has no schedule; give it one: schedule = cron("0 2 * * *")'
        )
    return plan.entry, schedule


def table(found: list[datetime]) -> list[str]:
    """A line for each instant: local time, zone, UTC."""
    if not found:
        return ["it does not fire within 50 years"]
    return [f"{moment:%a %Y-%m-%d %H:%M} {_zone(moment):<6} {utc(moment)}" for moment in found]


def _zone(moment: datetime) -> str:
    """`CET`, or the offset where the zone has no letters."""
    name = moment.strftime("%Z")
    return name if name.isalpha() else moment.strftime("%z")


def _document(workflow: str, schedule: Schedule, found: list[datetime]) -> dict[str, object]:
    return {
        "workflow": workflow,
        "schedule": {
            "cron": schedule.cron,
            "tz": schedule.tz,
            "overlap": schedule.overlap,
            "catchup": schedule.catchup,
        },
        "firings": [{"local": moment.isoformat(), "utc": utc(moment)} for moment in found],
    }


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def moment_of(option: str, text: str, schedule: Schedule) -> datetime:
    """What has no zone is in the schedule's; a date is its midnight."""
    try:
        found = (
            datetime.combine(date.fromisoformat(text), datetime.min.time())
            if is_date(text)
            else datetime.fromisoformat(text)
        )
    except ValueError:
        raise CommandError(
            exits.USAGE,
            option.lstrip("-"),
            f"{option} {text} is no time; write 2026-03-28, 2026-03-28T12:00 or 2026-03-28T12:00Z",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=zone_of(schedule.tz))


def is_date(text: str) -> bool:
    return len(text) <= 10
