"""A clock that is set by hours, forwards or backwards, in the middle of a run, between runs, and under schedules."""

import mmap
import os
import random
import struct
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_engine.ids import later_id, new_id
from flow_engine.model import NewRun
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.sqlite import SqliteStore
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.plan import Rate
from flow_runtime.embedded import Embedded
from flow_runtime.plans import load_plan
from flow_runtime.schedules.scheduler import Scheduler
from flow_runtime.schedules.specs import deployment
from flow_runtime.state_folder import StateFolder
from flow_runtime.steady_clock import SteadyClock
from support.plans import plan, task
from support.world import World

HOURS = 3 * 3600.0
JUMPS = pytest.mark.parametrize("jump", [-HOURS, HOURS], ids=["back", "forth"])


class WallClock:
    """Stands in for time.time in this process and in all that it forks."""

    def __init__(self) -> None:
        self._real, self._shared = time.time, mmap.mmap(-1, 8)

    def set_by(self, seconds: float) -> None:
        self._shared[:] = struct.pack("d", seconds)

    def __call__(self) -> float:
        return self._real() + float(struct.unpack("d", self._shared[:])[0])


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    made = WallClock()
    monkeypatch.setattr(time, "time", made)
    return made


TIMED = """flow 1
workflow w -> int {
  timeout = 2h
  task again -> int {
    shell "test $FLOW_ATTEMPT -gt 2; echo 1"
    retry = retry(3, backoff = constant(500ms))
    deadline = 1h
  }
  task delayed -> int { shell "echo 2"; delay = 1s }
  wait pause { duration = 1s }
  wait never -> int { event = "never"; timeout = 2s; default = 4 }
  task limited -> int { after [pause]; shell "sleep 0.5; echo 8"; timeout = 1h }
  task rated for n in range(4) -> int { shell "echo 4"; rate = rate(10, per = 1s) }
  return again + delayed + never + limited + sum(rated)
}
"""


@JUMPS
def test_delays_limits_and_waits_of_a_run_take_the_time_that_they_say(
    tmp_path: Path, wall: WallClock, jump: float
) -> None:
    file = tmp_path / "w.flow"
    file.write_text(TIMED)
    loaded = load_plan(str(file), None, None)
    assert loaded.plan is not None
    engine = Embedded(StateFolder(str(tmp_path / "state")), 2)
    try:
        run = new_id(time.time(), os.urandom)
        engine.store.submit(NewRun(run, loaded.plan_hash, loaded.plan, loaded.bundle, {}, str(tmp_path), time.time()))
        assert engine.worker.adopt(run)
        began, jumped = time.monotonic(), False
        while not engine.worker.idle:
            if not jumped and time.monotonic() - began > 0.4:
                wall.set_by(jump)
                jumped = True
            engine.worker.step()
            assert time.monotonic() - began < 30, "it waits for the clock"
        took = time.monotonic() - began
        record = engine.store.run(run)
        assert (record.state, record.result) == ("succeeded", "31"), [row.error for row in engine.store.tasks(run)]
        assert jumped
        assert took >= 1.9, "a wait of two seconds took less"
        rows = engine.store.tasks(run)
        assert all(
            row.finished_at is None or row.claimed_at is None or row.finished_at >= row.claimed_at for row in rows
        )
        assert record.finished_at is not None
        assert 1.5 < record.finished_at - record.created_at < 30
    finally:
        engine.close()
        engine.pool.close()


LATE = """flow 1
workflow good { timeout = 20s; task a { shell "sleep 0.3" } }
workflow bad { timeout = 1s; task a { shell "sleep 300" } }
workflow waits { wait go -> bool { approval = "go?" } }
"""


@JUMPS
def test_a_run_that_comes_to_a_busy_engine_after_the_clock_was_set_has_the_time_that_it_says(
    tmp_path: Path, wall: WallClock, jump: float
) -> None:
    """An engine with a run that waits never follows the wall's clock: all that was submitted after it was set back ended by its timeout at
    once, and after it was set forth no timeout ended anything."""
    file = tmp_path / "w.flow"
    file.write_text(LATE)
    engine = Embedded(StateFolder(str(tmp_path / "state")), 2)
    runs: dict[str, str] = {}

    def submit(workflow: str) -> None:
        loaded = load_plan(str(file), workflow, None)
        assert loaded.plan is not None
        new = NewRun(
            new_id(time.time(), os.urandom),
            loaded.plan_hash,
            loaded.plan,
            loaded.bundle,
            {},
            str(tmp_path),
            time.time(),
        )
        runs[workflow] = engine.store.submit(new).run
        assert engine.worker.adopt(new.id)

    try:
        submit("waits")
        engine.worker.step(0.0)
        wall.set_by(jump)
        for workflow in ("good", "bad"):
            submit(workflow)
        until = time.monotonic() + 30
        while engine.worker.runs > 1:
            assert time.monotonic() < until, "no timeout has ended it"
            engine.worker.step()
        states = {workflow: engine.store.run(run) for workflow, run in runs.items()}
        assert [states[name].state for name in ("waits", "good", "bad")] == ["running", "succeeded", "failed"]
        assert states["bad"].cancel_reason == "timeout"
    finally:
        engine.close()
        engine.pool.close()


def test_an_engine_with_nothing_in_hand_follows_a_clock_that_was_set() -> None:
    passed, wall = 100.0, 5000.0
    clock = SteadyClock(lambda: wall, lambda: passed)
    passed += 7
    wall += 7 - HOURS
    assert clock() == 5007.0
    clock.follow()
    assert clock() == wall


@JUMPS
def test_a_rate_does_not_wait_for_a_time_that_the_clock_has_left(jump: float) -> None:
    made = plan(task("a", rate=Rate(10, 1.0)), task("b", rate=Rate(10, 1.0)))
    store = MemoryStore()
    first = World(store, "w1", now=100_000.0)
    first.start(made, "1" * 26)
    assert len(first.tick().claims) >= 1
    second = World(store, "w2", now=100_000.0 + jump)
    second.start(made, "2" * 26)
    assert len(second.tick().claims) >= 1


def test_ids_keep_their_order_when_the_clock_is_set_back() -> None:
    drawn = random.Random(11)
    newest, now = None, 1_700_000_000.0
    for _ in range(2000):
        now += drawn.choice([0.0, 0.0004, 1.0, -HOURS, HOURS])
        made = later_id(newest, now, drawn.randbytes)
        assert newest is None or made > newest
        assert len(made) == 26
        newest = made
    assert later_id("imported by hand", now, drawn.randbytes)


def test_the_newest_run_is_the_last_that_was_submitted(tmp_path: Path) -> None:
    made = plan(task("a"))
    with closing(SqliteStore(str(tmp_path / "flow.db"))) as store:
        assert store.newest() is None
        order = []
        for now in (1_800_000_000.0, 1_800_000_000.0 - HOURS, 1_800_000_000.0 + HOURS, 1_700_000_000.0):
            id_ = later_id(store.newest(), now, os.urandom)
            bundle = bundle_of(made)
            store.submit(NewRun(id_, bundle_hash(bundle), made, bundle, {}, "/tmp", now))
            order.append(id_)
        assert [record.id for record in store.runs(RunFilter())] == order[::-1]


CRON = """flow 1
workflow nightly(at: datetime) {
  schedule = cron("0 * * * *", overlap = allow, params = { at = fire.time })
  task t { shell "true" }
}
"""


def test_a_schedule_fires_each_instant_once_however_the_clock_goes(tmp_path: Path) -> None:
    path = tmp_path / "w.flow"
    path.write_text(CRON)
    start = datetime(2026, 11, 29, 8, 30, tzinfo=UTC).timestamp()
    fired = 0
    for seed in range(4):
        drawn = random.Random(seed)
        now = start
        with closing(SqliteStore(str(tmp_path / f"{seed}.db"))) as store:
            new = deployment(load_plan(str(path), None, None), now)
            store.deploy(new)
            for _ in range(20):
                now += drawn.choice([600.0, 1800.0, 3600.0, -HOURS, HOURS, -600.0])
                Scheduler(store, lambda told: None, lambda *warning: None, lambda now=now: now).step()  # type: ignore[misc]
            instants = [record.params["at"] for record in store.runs(RunFilter(limit=1000))]
        fired += len(instants)
        assert len(instants) == len(set(instants)), f"seed {seed}: an instant fired twice"
    assert fired > 5
