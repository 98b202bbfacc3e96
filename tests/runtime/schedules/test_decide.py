"""Overlap and catch-up: which instants fire, wait, or are left out."""

from datetime import UTC, datetime

import pytest
from flow_lang.plan import Schedule
from flow_runtime.schedules.decide import LINE, decide

HOURLY = Schedule("0 * * * *", catchup="all")


def at(text: str) -> float:
    return datetime.fromisoformat(f"2026-01-01T{text}").replace(tzinfo=UTC).timestamp()


def acts(schedule: Schedule, since: str, now: str, busy: bool = False, held: tuple[str, ...] = ()) -> list[str]:
    found = decide(schedule, at(since), [at(text) for text in held], busy, at(now))
    return [f"{decision.instant.astimezone(UTC):%H:%M} {decision.act}" for decision in found]


@pytest.mark.parametrize(
    ("overlap", "act"), [("skip", "skip"), ("queue", "hold"), ("allow", "fire"), ("cancel", "cancel")]
)
def test_an_instant_while_a_run_goes_on(overlap: str, act: str) -> None:
    schedule = HOURLY._replace(overlap=overlap)
    assert acts(schedule, "10:00", "11:00:03") == ["11:00 fire"]
    assert acts(schedule, "10:00", "11:00:03", busy=True) == [f"11:00 {act}"]


def test_nothing_is_due() -> None:
    assert acts(HOURLY, "11:00", "11:00:03") == []
    assert acts(HOURLY, "11:00", "11:59:59", busy=True) == []


@pytest.mark.parametrize("overlap", ["skip", "queue", "cancel"])
def test_what_was_missed_is_made_up_for_one_after_the_other(overlap: str) -> None:
    schedule = HOURLY._replace(overlap=overlap)
    assert acts(schedule, "08:00", "11:30") == ["09:00 fire", "10:00 hold", "11:00 hold"]
    assert acts(schedule, "11:00", "11:30", busy=True, held=("10:00", "11:00")) == []
    assert acts(schedule, "11:00", "11:30", held=("10:00", "11:00")) == ["10:00 fire"]


def test_what_was_missed_may_overlap() -> None:
    allowed = HOURLY._replace(overlap="allow")
    assert acts(allowed, "08:00", "11:30", busy=True) == ["09:00 fire", "10:00 fire", "11:00 fire"]


@pytest.mark.parametrize(("overlap", "act"), [("skip", "skip"), ("queue", "hold"), ("cancel", "cancel")])
def test_the_clock_goes_on_while_instants_wait(overlap: str, act: str) -> None:
    schedule = HOURLY._replace(overlap=overlap)
    assert acts(schedule, "11:00", "12:00:01", held=("11:00",)) == ["11:00 fire", f"12:00 {act}"]


@pytest.mark.parametrize(("catchup", "expected"), [("none", []), ("last", ["11:00 fire"])])
def test_catch_up_after_an_absence(catchup: str, expected: list[str]) -> None:
    assert acts(HOURLY._replace(catchup=catchup), "08:00", "11:30") == expected


def test_a_full_line_leaves_out_what_comes_then() -> None:
    schedule = Schedule("* * * * *", overlap="queue", catchup="all")
    held = [at("00:00") + 60 * step for step in range(LINE - 1)]
    now = held[-1] + 130
    decisions = decide(schedule, held[-1], held, busy=True, now=now)
    assert [decision.act for decision in decisions] == ["hold", "full"]
