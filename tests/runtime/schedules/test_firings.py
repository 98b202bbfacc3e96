"""When schedules fire: across both changes of the clock, and after an absence."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from flow_engine.deployments import Deployment, deployed_schedule
from flow_lang.plan import Schedule
from flow_runtime.schedules import backfill
from flow_runtime.schedules import firings as firings_module
from flow_runtime.schedules.firings import MOST, WrongSchedule, due, firings, missed
from flow_runtime.schedules.specs import spec_of

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(text: str) -> datetime:
    """`2026-03-29 01:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(found: list[datetime]) -> list[str]:
    """Local time with its offset."""
    return [moment.strftime("%d %H:%M %z") for moment in found]


def next_of(cron: str, tz: str, after: str, count: int = 3) -> list[str]:
    return shown(firings(Schedule(cron, tz), at(after), count))


def test_instants_are_in_the_zone() -> None:
    (moment,) = firings(Schedule("0 2 * * *", BERLIN), at("2026-01-01 12:00"), 1)
    assert moment.isoformat() == "2026-01-02T02:00:00+01:00"
    assert next_of("0 2 * * *", "UTC", "2026-01-01 02:00", 1) == ["02 02:00 +0000"]


@pytest.mark.parametrize(
    ("cron", "tz", "after", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28 00:00", ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07 00:00", ["07 02:30 -0500", "08 03:00 -0400", "09 02:30 -0400"]),
        ("*/20 2 * * *", BERLIN, "2026-03-28 23:00", ["29 03:00 +0200", "30 02:00 +0200", "30 02:20 +0200"]),
        ("0 */2 * * *", BERLIN, "2026-03-28 23:30", ["29 03:00 +0200", "29 04:00 +0200", "29 06:00 +0200"]),
        ("0 2,3 * * *", BERLIN, "2026-03-28 23:30", ["29 03:00 +0200", "30 02:00 +0200", "30 03:00 +0200"]),
        ("0 * * * *", BERLIN, "2026-03-28 23:30", ["29 01:00 +0100", "29 03:00 +0200", "29 04:00 +0200"]),
    ],
)
def test_an_instant_that_a_gap_removes_fires_at_the_next_valid_one(
    cron: str, tz: str, after: str, expected: list[str]
) -> None:
    assert next_of(cron, tz, after) == expected


@pytest.mark.parametrize(
    ("cron", "tz", "after", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-10-24 00:00", ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31 00:00", ["31 01:30 -0400", "01 01:30 -0400", "02 01:30 -0500"]),
        ("*/30 2 * * *", BERLIN, "2026-10-24 12:00", ["25 02:00 +0200", "25 02:30 +0200", "26 02:00 +0100"]),
        ("0 */2 * * *", BERLIN, "2026-10-24 23:30", ["25 02:00 +0200", "25 04:00 +0100", "25 06:00 +0100"]),
    ],
)
def test_a_doubled_instant_fires_once(cron: str, tz: str, after: str, expected: list[str]) -> None:
    assert next_of(cron, tz, after) == expected


def test_asked_within_the_second_of_two_equal_hours_it_has_fired() -> None:
    assert next_of("30 2 * * *", BERLIN, "2026-10-25 01:10", 1) == ["26 02:30 +0100"]
    assert next_of("30 2 * * *", BERLIN, "2026-10-25 00:10", 1) == ["25 02:30 +0200"]


def test_every_hour_goes_by_real_time() -> None:
    assert next_of("0 * * * *", BERLIN, "2026-10-24 23:30") == ["25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100"]


@pytest.mark.parametrize("tz", [BERLIN, NEW_YORK, "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
def test_a_daily_schedule_fires_once_a_day_for_years(tz: str) -> None:
    found = firings(Schedule("15 2 * * *", tz), at("2020-01-01 00:00"), 3000)
    days = [moment.date() for moment in found]
    assert len(set(days)) == len(days)
    assert all(b - a == timedelta(days=1) for a, b in pairwise(days))


def test_walking_on_from_each_instant_gives_the_same() -> None:
    for tz in (BERLIN, NEW_YORK):
        for start in ("2026-03-06 00:00", "2026-10-23 00:00"):
            for cron in ("*/20 1-3 * * *", "30 2 * * *", "0 * * * *"):
                schedule, moment, walked = Schedule(cron, tz), at(start), []
                for _ in range(150):
                    (moment,) = firings(schedule, moment.astimezone(UTC), 1)
                    walked.append(moment)
                assert walked == firings(schedule, at(start), 150)


HOURLY = Schedule("0 * * * *", catchup="all")


def test_missed_instants_by_catchup() -> None:
    last, now = at("2026-01-01 10:00"), at("2026-01-01 13:30")
    assert shown(missed(HOURLY, last, now)) == ["01 11:00 +0000", "01 12:00 +0000", "01 13:00 +0000"]
    assert shown(missed(HOURLY._replace(catchup="last"), last, now)) == ["01 13:00 +0000"]
    assert missed(HOURLY._replace(catchup="none"), last, now) == []


def test_what_is_due_is_on_time_or_made_up_for() -> None:
    last, now = at("2026-01-01 10:00"), at("2026-01-01 12:00") + timedelta(seconds=3)
    for catchup, expected in {"none": ["12"], "last": ["12"], "all": ["11", "12"]}.items():
        assert [moment.strftime("%H") for moment in due(HOURLY._replace(catchup=catchup), last, now)] == expected
    assert due(HOURLY, at("2026-01-01 12:00"), now) == []
    late = at("2026-01-01 12:30")
    for catchup, expected in {"none": [], "last": ["12"], "all": ["11", "12"]}.items():
        assert [moment.strftime("%H") for moment in due(HOURLY._replace(catchup=catchup), last, late)] == expected


def test_a_long_absence_costs_little() -> None:
    schedule = Schedule("* * * * *", catchup="all")
    began = time.monotonic()
    found = missed(schedule, at("2016-01-01 00:00"), at("2026-01-01 00:00"))
    assert (len(found), found[-1]) == (MOST, at("2025-12-31 23:59"))
    assert missed(schedule._replace(catchup="last"), at("2016-01-01 00:00"), at("2026-01-01 00:00")) == found[-1:]
    assert time.monotonic() - began < 5


def test_a_rare_schedule_is_found_however_long_ago() -> None:
    schedule = Schedule("0 0 29 2 *")
    assert shown(missed(schedule, at("2015-01-01 00:00"), at("2027-01-01 00:00"))) == ["29 00:00 +0000"]


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        (Schedule("61 * * * *"), "bad minute"),
        (Schedule("0 0 * * * *"), "five fields .*, and has 6"),
        (Schedule("@daily"), "five fields .*, and has 1"),
        (Schedule("0 0 30 2 *"), "bad day-of-month"),
        (Schedule("0 0 * * *", "Mars/Base"), "no time zone 'Mars/Base'"),
    ],
)
def test_what_is_no_schedule_says_why(schedule: Schedule, told: str) -> None:
    with pytest.raises(WrongSchedule, match=told):
        firings(schedule, at("2026-01-01 00:00"), 1)


def test_a_span_is_walked_to_its_end_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backfill of two days looked at 10,001 instants: seconds for each command."""
    walked: list[datetime] = []
    instants = firings_module._instants

    def counted(schedule: Schedule, after: datetime) -> Iterator[datetime]:
        for moment in instants(schedule, after):
            walked.append(moment)
            yield moment

    monkeypatch.setattr(firings_module, "_instants", counted)
    schedule = Schedule("0 2 * * *", "Europe/Berlin")
    record = deployed_schedule(None, Deployment("w", "", "", "", spec_of(schedule), 0.0), False)
    found = backfill.instants(record, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))
    assert [moment.day for moment in found] == [1, 2]
    assert len(walked) == 3
