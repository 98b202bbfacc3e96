"""Schedules when the clock is changed, with several schedulers, and where a run cannot be started."""

import re
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.sqlite import SqliteStore
from flow_lang import bundle
from flow_lang.plan import Schedule
from flow_runtime.plans import load_plan
from flow_runtime.schedules.firings import firings
from flow_runtime.schedules.scheduler import Scheduler
from flow_runtime.schedules.specs import deployment
from support.command import Project
from support.schedules import deploy_since, instants, whole

SCHEDULED = """flow 1
workflow {name}{params} {{
  schedule = cron("* * * * *", overlap = allow, catchup = last)
  task t {{ shell "true" }}
}}
"""
SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
"""Noon before Europe's clocks are changed."""


def days(cron: str, after: datetime, count: int, tz: str = "Europe/Berlin") -> list[str]:
    found = firings(Schedule(cron, tz), after, count)
    return [moment.astimezone(ZoneInfo(tz)).strftime("%d %H:%M") for moment in found]


def test_celery_1604_an_hour_that_comes_twice_fires_once() -> None:
    assert days("30 2 * * *", AUTUMN, 3) == ["25 02:30", "26 02:30", "27 02:30"]
    assert days("0 2 * * *", AUTUMN, 2) == ["25 02:00", "26 02:00"]


def test_celery_1604_an_hour_that_does_not_come_fires_once_at_the_next_instant() -> None:
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


def test_inngest_4387_a_schedule_whose_runs_cannot_be_started_is_told_shown_and_made_up_for(tmp_path: Path) -> None:
    """There, after an upgrade, every tick failed before a run was made, for ever, while runs by hand went well; nothing showed it."""
    project = Project(tmp_path / "p")
    project.write("need.txt", "1")
    project.write("broken.flow", SCHEDULED.format(name="broken", params='(need: file = file("need.txt"))'))
    project.write("good.flow", SCHEDULED.format(name="good", params=""))
    project.home.mkdir()
    began = time.time() - 3600
    with closing(project.store()) as store:
        for name in ("broken", "good"):
            deploy(store, project, name, began)
    (project.folder / "need.txt").unlink()
    warned: list[tuple[str, str]] = []
    times = [began]
    with closing(project.store()) as store:
        scheduler = Scheduler(store, lambda told: None, lambda *warning: warned.append(warning), lambda: times[-1])
        for step in range(1, 30):
            times.append(began + 120.0 * step)
            scheduler.step()
    assert [name for name, _ in warned] == ["broken"] * 29  # each time that it was tried
    assert f"{project.folder}/need.txt: No such file or directory" in warned[0][1]
    assert "trying again in 60 s" in warned[0][1]
    listed = project.flow("schedule", "list")
    assert re.search(r"^broken .* never +\S+ \S+  overdue since ", listed.out, re.MULTILINE)
    assert "was acted upon by no scheduler" in listed.err
    assert started(project) == {"good"}

    project.write("need.txt", "2")
    with closing(project.store()) as store:
        Scheduler(store, lambda told: None, lambda *_: None).step()
    assert started(project) == {"good", "broken"}
    assert "overdue" not in project.flow("schedule", "list").out


def test_inngest_4387_a_schedule_of_another_version_is_told_and_fires_when_it_is_deployed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an upgrade leaves behind: a plan that this version cannot read."""
    project = Project(tmp_path / "p")
    project.write("old.flow", SCHEDULED.format(name="old", params=""))
    project.home.mkdir()
    warned: list[tuple[str, str]] = []
    with closing(project.store()) as store:
        monkeypatch.setattr(bundle, "FORMAT", 0)
        deploy(store, project, "old", time.time() - 3600)
        monkeypatch.undo()
        scheduler = Scheduler(store, lambda told: None, lambda *warning: warned.append(warning))
        scheduler.step()
        assert warned[0][0] == "old"
        assert "deploy it again: flow deploy FILE" in warned[0][1]
        assert started(project) == set()
        deploy(store, project, "old", time.time() - 3600)
        scheduler.step()
    assert started(project) == {"old"}


def deploy(store: SqliteStore, project: Project, name: str, at: float) -> None:
    new = deployment(load_plan(str(project.folder / f"{name}.flow"), name, None), at)
    store.deploy(new)


def started(project: Project) -> set[str]:
    with closing(project.store()) as store:
        return {run.workflow for run in store.runs(RunFilter(limit=1000))}


def test_airflow_27473_23361_schedulers_side_by_side_fire_each_instant_once_and_none_gets_stuck(tmp_path: Path) -> None:
    """There two of them deadlocked in the database, and 1,500 of 2,500 tasks were skipped."""
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
