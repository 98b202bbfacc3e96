"""The scheduler with a clock of its own: what it fires, holds back, tells."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_engine.model import NewRun, RunEnd
from flow_engine.stores.contract import RunFilter, Store, Submitted
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.plans import load_plan
from flow_runtime.schedules.backfill import TooMany, backfill
from flow_runtime.schedules.scheduler import ASIDE, LOOK, Scheduler, Told
from flow_runtime.schedules.specs import CannotFire, deployment

SOURCE = """flow 1
workflow nightly(day: date, at: datetime, region: str = "eu") {
  schedule = cron(CRON, params = { day = fire.date, at = fire.time })
  task t { shell "echo ~{day} ~{at} ~{region}" }
}
"""


class Clock:
    def __init__(self, text: str) -> None:
        self.now = 0.0
        self.set(text)

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


class Bench:
    """A state in a folder, a clock, and what the scheduler told."""

    def __init__(self, folder: Path, now: str) -> None:
        self.folder, self.clock = folder, Clock(now)
        self.told: list[Told] = []
        self.warned: list[tuple[str, str]] = []
        self.store = self.open()
        self.scheduler = self.another()

    def open(self) -> SqliteStore:
        return SqliteStore(str(self.folder / "flow.db"))

    def another(self, store: Store | None = None) -> Scheduler:
        return Scheduler(
            store or self.store, self.told.append, lambda *warning: self.warned.append(warning), self.clock
        )

    def deploy(self, cron: str, source: str = SOURCE) -> None:
        path = self.folder / "w.flow"
        path.write_text(source.replace("CRON", cron))
        new = deployment(load_plan(str(path), None, None), self.clock())
        self.store.deploy(new)

    def step(self, now: str) -> list[str]:
        """What is told of at that time: `instant act`, in UTC."""
        self.clock.set(now)
        self.told.clear()
        self.scheduler.step()
        return [f"{told.instant.astimezone(UTC):%d %H:%M} {told.act}" for told in self.told]

    def end(self, run: str) -> None:
        """As a worker that cancels it."""
        assert self.store.adopt("w1", run, self.clock()) is not None
        self.store.finish("w1", self.clock(), [RunEnd(run, None, '{"code": "x", "message": "x"}')])

    def params(self) -> list[dict[str, object]]:
        return [record.params for record in reversed(self.store.runs(RunFilter()))]


@pytest.fixture
def bench_at(tmp_path: Path) -> Callable[[str], Bench]:
    return lambda now: Bench(tmp_path, now)


def test_a_run_has_the_parameters_of_its_instant_in_the_schedules_zone(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T12:00")
    bench.deploy('"30 0 * * *", tz = "Europe/Berlin"')
    assert bench.step("2026-01-01T23:29:59") == []
    assert bench.step("2026-01-01T23:30:05") == ["01 23:30 fire"]
    assert bench.step("2026-01-01T23:30:10") == []
    assert bench.params() == [{"day": "2026-01-02", "at": "2026-01-02T00:30:00+01:00", "region": "eu"}]
    (run,) = bench.store.runs(RunFilter())
    assert (run.workflow, run.folder, run.owner, run.state) == ("nightly", str(bench.folder), None, "queued")


@pytest.mark.parametrize(
    ("start", "steps", "days"),
    [
        ("2026-03-28T12:00", ["2026-03-29T00:30:01", "2026-03-29T01:00:01", "2026-03-30T00:30:01"], ["29", "30"]),
        ("2026-10-24T12:00", ["2026-10-25T00:30:01", "2026-10-25T01:30:01", "2026-10-26T01:30:01"], ["25", "26"]),
    ],
)
def test_both_changes_of_the_clock_in_berlin(
    bench_at: Callable[[str], Bench], start: str, steps: list[str], days: list[str]
) -> None:
    bench = bench_at(start)
    bench.deploy('"30 2 * * *", tz = "Europe/Berlin", overlap = allow')
    for moment in steps:
        bench.step(moment)
    assert [str(params["day"])[-2:] for params in bench.params()] == days


def test_overlap_skip(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"0 * * * *", overlap = skip')
    assert bench.step("2026-01-01T10:00:01") == ["01 10:00 fire"]
    first = bench.told[0].run
    assert bench.step("2026-01-01T11:00:01") == ["01 11:00 skip"]
    bench.end(first)
    assert bench.step("2026-01-01T11:00:02") == []
    assert bench.step("2026-01-01T12:00:01") == ["01 12:00 fire"]


def test_overlap_queue_outlives_the_scheduler(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"0 * * * *", overlap = queue, catchup = none')
    bench.step("2026-01-01T10:00:01")
    first = bench.told[0].run
    assert bench.step("2026-01-01T11:00:01") == ["01 11:00 hold"]
    assert bench.step("2026-01-01T12:00:01") == ["01 12:00 hold"]
    bench.end(first)
    bench.scheduler = bench.another()
    assert bench.step("2026-01-01T12:20") == ["01 11:00 fire"]
    bench.end(bench.told[0].run)
    assert bench.step("2026-01-01T12:21") == ["01 12:00 fire"]
    assert [params["at"] for params in bench.params()] == [f"2026-01-01T{h}:00:00+00:00" for h in (10, 11, 12)]


def test_overlap_cancel_ends_the_run_before(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"0 * * * *", overlap = cancel')
    bench.step("2026-01-01T10:00:01")
    first = bench.told[0].run
    assert bench.step("2026-01-01T11:00:01") == ["01 11:00 fire"]
    assert bench.told[0].cancelled == (first,)
    assert bench.store.run(first).cancel_requested_at is not None
    assert bench.store.run(bench.told[0].run).cancel_requested_at is None


def test_a_run_by_hand_or_of_a_backfill_does_not_overlap(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-05T09:30")
    bench.deploy('"0 * * * *", overlap = cancel')
    day = datetime(2026, 1, 1, 10, tzinfo=UTC)
    told = backfill(bench.store, bench.store.schedule("nightly"), day, day.replace(hour=12), bench.clock)
    assert [one.created for one in told] == [True, True, True]
    again = backfill(bench.store, bench.store.schedule("nightly"), day, day.replace(hour=13), bench.clock)
    assert [(one.run, one.created) for one in again[:3]] == [(one.run, False) for one in told]
    assert again[3].created
    bench.step("2026-01-05T10:00:01")
    assert bench.told[0].cancelled == ()
    with pytest.raises(TooMany, match="10,000"):
        backfill(bench.store, bench.store.schedule("nightly"), day.replace(year=2020), day, bench.clock)


@pytest.mark.parametrize(
    ("catchup", "expected"),
    [("none", []), ("last", ["03 02:00 fire"]), ("all", ["02 02:00 fire", "03 02:00 hold"])],
)
def test_after_an_absence(bench_at: Callable[[str], Bench], catchup: str, expected: list[str]) -> None:
    bench = bench_at("2026-01-01T12:00")
    bench.deploy(f'"0 2 * * *", catchup = {catchup}')
    assert bench.step("2026-01-03T09:00") == expected
    assert bench.step("2026-01-03T09:01") == []


def test_a_paused_schedule_does_nothing_and_owes_nothing(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"0 * * * *", catchup = all')
    bench.store.pause_schedule("nightly", bench.clock())
    assert bench.step("2026-01-01T12:00:01") == []
    bench.store.resume_schedule("nightly", bench.clock())
    assert bench.step("2026-01-01T12:00:02") == []
    assert bench.step("2026-01-01T13:00:02") == ["01 13:00 fire"]


def test_one_that_cannot_be_fired_is_told_and_does_not_stop_the_others(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    source = (
        'flow 1\nworkflow a(f: file = file("data.csv")) {\n  schedule = cron(CRON)\n  task t { shell "cat ~{f}" }\n}\n'
    )
    bench.deploy('"0 * * * *"', source)
    bench.deploy('"0 * * * *"')
    assert bench.step("2026-01-01T10:00:01") == ["01 10:00 fire"]
    assert bench.told[0].schedule == "nightly"
    ((name, why),) = bench.warned
    assert name == "a"
    assert "the default of `f` has no value" in why
    assert "data.csv" in why
    bench.step("2026-01-01T10:00:10")
    assert len(bench.warned) == 1
    (bench.folder / "data.csv").write_text("x")
    bench.clock.now += ASIDE
    bench.told.clear()
    bench.scheduler.step()
    assert [told.schedule for told in bench.told] == ["a"]


def test_a_wrong_parameter_is_told_by_a_backfill(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"0 * * * *"')
    record = bench.store.schedule("nightly")
    day = datetime(2026, 1, 1, 10, tzinfo=UTC)
    wrong = record._replace(spec=record.spec.replace('["ref", "fire.date"]', '["lit", "soon"]'))
    assert wrong.spec != record.spec
    with pytest.raises(CannotFire, match="`day`"):
        backfill(bench.store, wrong, day, day, bench.clock)
    without = record._replace(spec=record.spec.replace('["day", ["ref", "fire.date"]], ', ""))
    assert without.spec != record.spec
    with pytest.raises(CannotFire, match=r"`day: date` of `nightly` is missing \[FLOW209\]"):
        backfill(bench.store, without, day, day, bench.clock)
    assert bench.params() == []


def test_it_sleeps_until_the_next_instant_or_the_next_look(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"0 * * * *"')
    assert bench.scheduler.step() == LOOK
    bench.clock.set("2026-01-01T09:59:59.800")
    assert bench.scheduler.step() == pytest.approx(0.2, abs=1e-3)


def test_two_schedulers_fire_each_instant_once(bench_at: Callable[[str], Bench]) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy('"* * * * *", overlap = allow')
    other = bench.another(bench.open())
    for minute in range(31, 60):
        bench.step(f"2026-01-01T09:{minute}:01")
        other.step()
    assert len(bench.params()) == 29
    assert len({str(params["at"]) for params in bench.params()}) == 29


class Slow(SqliteStore):
    """Shows the schedules as they were before another scheduler acted on them."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        self.meanwhile()
        return super().fire(schedule, instant, new, backfill)


@pytest.mark.parametrize("overlap", ["skip", "queue", "allow", "cancel"])
def test_a_scheduler_that_comes_second_gets_the_first_run(bench_at: Callable[[str], Bench], overlap: str) -> None:
    bench = bench_at("2026-01-01T09:30")
    bench.deploy(f'"0 * * * *", overlap = {overlap}')
    bench.step("2026-01-01T10:00:01")
    slow = Slow(str(bench.folder / "flow.db"))
    slow.meanwhile = bench.scheduler.step  # type: ignore[method-assign]
    if overlap in ("skip", "queue"):
        bench.end(bench.told[0].run)
    bench.clock.set("2026-01-01T11:00:01")
    bench.told.clear()
    bench.another(slow).step()
    first, second = bench.told
    assert (first.created, second.created) == (True, False)
    assert first.run == second.run
    assert second.cancelled == ()
    assert bench.store.run(first.run).cancel_requested_at is None
    assert len(bench.params()) == 2
