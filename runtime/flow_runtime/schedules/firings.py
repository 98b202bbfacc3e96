"""The instants of a schedule; pure, so that it tells the same to the scheduler, the command line and the tests.

cronsim walks the calendar, by the rules of Debian's cron: an instant that a gap of the clock removes fires at the next one that there is,
a doubled one fires once. Only a schedule of every hour goes by real time: it fires in each of two hours of the same name.
"""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from flow_engine.errors import FlowError
from flow_lang.plan import Schedule

GRACE = timedelta(minutes=1)
"""An instant is missed when it is older than this."""
MOST = 1000
"""Missed instants that `catchup = all` makes up for, the newest ones."""
_WINDOWS = [timedelta(days=days) for days in (1, 31, 366, 5 * 366)]
_RANGES = ("0-59", "0-23")


class WrongSchedule(FlowError):
    """The schedule names no zone that is known here, or has no five fields of cron."""


def firings(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    """The next `count` instants after `after` (which has a zone), in the schedule's zone; fewer where there are no more within 50 years.
    Raises WrongSchedule."""
    found: list[datetime] = []
    for moment in _instants(schedule, after):
        if len(found) == count:
            break
        found.append(moment)
    return found


def between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """The instants in (after, until], in the schedule's zone. Raises WrongSchedule."""
    for moment in _instants(schedule, after):
        if moment > until:
            return
        yield moment


def latest(schedule: Schedule, until: datetime, most: int) -> list[datetime]:
    """The last `most` instants up to `until`, in the schedule's zone, oldest first; none of more than five years ago. Raises WrongSchedule."""
    return _newest(schedule, until - _WINDOWS[-1], until, most)


def missed(schedule: Schedule, last: datetime, now: datetime) -> list[datetime]:
    """The instants after `last`, up to GRACE before `now`, for which there should be a run by the schedule's catch-up: none, the newest
    one, or the newest MOST; oldest first. Raises WrongSchedule."""
    if schedule.catchup == "none":
        return []
    return _newest(schedule, last, now - GRACE, 1 if schedule.catchup == "last" else MOST)


def due(schedule: Schedule, last: datetime, now: datetime) -> list[datetime]:
    """What should fire now: the instants after `last` that are on time, and those missed by the catch-up. With `catchup = last` an
    instant that is on time makes up for all that were missed. Raises WrongSchedule."""
    on_time = _newest(schedule, max(last, now - GRACE), now, MOST)
    if on_time and schedule.catchup == "last":
        return on_time
    return missed(schedule, last, now) + on_time


def _newest(schedule: Schedule, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The last `most` instants in (after, until]. Looks at ever longer times before `until`, so that a long absence costs little."""
    for window in _WINDOWS:
        start = max(after, until - window)
        found = deque(between(schedule, start, until), most)
        if start == after or len(found) == most:
            return list(found)
    return list(deque(between(schedule, after, until), most))


def _instants(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Strictly rising: two that a gap brings together are one, and those of the first of two equal hours are over in the second."""
    previous = after.astimezone(UTC)
    try:
        for moment in CronSim(_fields(schedule.cron), after.astimezone(zone_of(schedule.tz))):
            instant = moment.astimezone(UTC)
            if instant > previous:
                previous = instant
                yield moment
    except CronSimError as error:
        raise WrongSchedule(f"cron({schedule.cron!r}) is wrong: {str(error).lower()}") from error


def _fields(cron: str) -> str:
    """cronsim goes by real time where the field of minutes or of hours starts with a star; that is meant for every hour alone, so that
    other stars are spelled out: `*/20 2` is `0-59/20 2`, and `0 */6` is `0 0-23/6`."""
    fields = cron.split()
    if len(fields) != 5:
        raise WrongSchedule(
            f"cron({cron!r}) must have five fields (minute hour day month weekday), and has {len(fields)}"
        )
    if fields[1] != "*":
        for place, range_ in enumerate(_RANGES):
            fields[place] = fields[place].replace("*", range_)
    return " ".join(fields)


def zone_of(name: str) -> tzinfo:
    """Raises WrongSchedule."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WrongSchedule(f"there is no time zone {name!r}; zones are named as in Europe/Berlin") from error
