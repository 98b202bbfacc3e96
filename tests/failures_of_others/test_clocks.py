"""Schedules when the clock is changed, and with several schedulers."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flow_engine.stores.contract import RunFilter
from flow_lang.plan import Schedule
from flow_runtime.schedules.firings import firings
from flow_runtime.schedules.scheduler import Scheduler
from support.command import Project
from support.schedules import deploy_since, instants, whole

SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
"""Noon before Europe's clocks are changed."""


def days(cron: str, after: datetime, count: int, tz: str = "Europe/Berlin") -> list[str]:
    found = firings(Schedule(cron, tz), after, count)
    return [moment.astimezone(ZoneInfo(tz)).strftime("%d %H:%M") for moment in found]


def test_inngest_4387_an_hour_that_comes_twice_fires_once() -> None:
    assert days("30 2 * * *", AUTUMN, 3) == ["25 02:30", "26 02:30", "27 02:30"]
    assert days("0 2 * * *", AUTUMN, 2) == ["25 02:00", "26 02:00"]


def test_inngest_4387_an_hour_that_does_not_come_fires_once_at_the_next_instant() -> None:
    assert days("30 2 * * *", SPRING, 3) == ["29 03:00", "30 02:30", "31 02:30"]


def test_celery_1604_noon_after_a_change_of_the_clock_fires_at_noon_alone() -> None:
    """There a task for 12:00 ran at 11:00 and again at 12:00."""
    assert days("0 12 * * 1", AUTUMN, 2) == ["26 12:00", "02 12:00"]
    assert days("0 17 * * *", datetime(2026, 10, 31, 23, tzinfo=UTC), 3, "America/New_York") == [
        "01 17:00",
        "02 17:00",
        "03 17:00",
    ]


def test_celery_1604_every_minute_goes_on_through_a_change_of_the_clock() -> None:
    """There the scheduler stopped, and nobody was told."""
    for before in (SPRING, AUTUMN):
        found = firings(Schedule("* * * * *", "Europe/Berlin"), before, 24 * 60)
        times = [moment.astimezone(UTC) for moment in found]
        assert times == [before + timedelta(minutes=step) for step in range(1, 24 * 60 + 1)]


def test_airflow_27473_23361_schedulers_side_by_side_fire_each_instant_once_and_none_gets_stuck(tmp_path: Path) -> None:
    """There two of them deadlocked in the database, and tasks were skipped."""
    project = Project(tmp_path / "p")
    deploy_since(project, hours=1)
    failed: list[BaseException] = []

    def fire() -> None:
        try:
            with closing(project.store()) as store:
                for _ in range(3):
                    Scheduler(store, lambda told: None, lambda *_: None).step()
        except BaseException as error:  # noqa: BLE001 - a thread's error is told by the test
            failed.append(error)

    threads = [threading.Thread(target=fire) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert failed == []
    found = instants(project)
    assert len(found) >= 59
    assert whole(found)
    with closing(project.store()) as store:
        assert len({run.id for run in store.runs(RunFilter(limit=1000))}) == len(found)
