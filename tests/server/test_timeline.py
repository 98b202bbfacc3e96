"""The lanes of a run's timeline."""

from typing import Any, cast

from flow_engine.model import AttemptRecord, RunRecord, TaskRecord, unclaimed
from flow_engine.stores.contract import Store
from flow_lang.plan import Body, Need, Plan, Task, Workflow
from flow_server.pages.timeline import Timeline, timeline

TASKS = (Task("one", Body("shell")), Task("two", Body("shell"), needs=(Need("one", "value"),)))
PLAN = Plan("w", {"w": Workflow("w", (), TASKS)}, "w.flow", {"w.flow": ""})


class Attempts:
    def __init__(self, *attempts: AttemptRecord) -> None:
        self._attempts = attempts

    def attempts(self, run: str, seq: int) -> list[AttemptRecord]:
        return [one for one in self._attempts if one.seq == seq]


def attempt(seq: int, number: int, state: str, start: float, end: float) -> AttemptRecord:
    return AttemptRecord(seq, number, "worker", state, start, start, end, None, None)


def row(seq: int, state: str, attempts: int = 1, **fields: Any) -> TaskRecord:
    return unclaimed(seq, seq, None, state, attempts)._replace(**fields)


def drawn(rows: list[TaskRecord], *attempts: AttemptRecord, finished: float | None = 100.0) -> Timeline:
    record = RunRecord("r", "w", "h", {}, "/", "running", 0, (), 0.0, 0.0, finished, None, None, None, None, "default")
    return timeline(cast(Store, Attempts(*attempts)), record, PLAN, rows, [one.seq for one in rows])


def bars(found: Timeline, seq: int) -> list[tuple[str, float, float]]:
    return [(bar.state, round(bar.start, 2), round(bar.length, 2)) for bar in found.lanes[seq].bars]


def test_a_task_waits_for_a_slot_and_between_its_attempts() -> None:
    found = drawn(
        [
            row(0, "succeeded", started_at=0.0, finished_at=4.0),
            row(1, "succeeded", 2, started_at=7.0, finished_at=9.0),
        ],
        attempt(1, 1, "failed", 5.0, 6.0),
        attempt(1, 2, "succeeded", 7.0, 9.0),
        finished=9.0,
    )
    assert found.total == 9.0
    assert bars(found, 0) == [("succeeded", 0.0, 4.0)]
    assert bars(found, 1) == [
        ("waiting", 4.0, 1.0), ("failed", 5.0, 1.0), ("waiting", 6.0, 1.0), ("succeeded", 7.0, 2.0),
    ]  # fmt: skip
    told = found.lanes[1].words
    assert told == ("waited 1.00 s; attempt 1 failed after 1.00 s; waited 1.00 s; attempt 2 succeeded after 2.00 s")


def test_what_has_not_ended_is_open_to_now(monkeypatch: Any) -> None:
    monkeypatch.setattr("flow_server.pages.timeline.time.time", lambda: 10.0)
    rows = [
        row(0, "running", started_at=2.0, claimed_at=1.0),
        row(1, "waiting", 1),
    ]
    found = drawn(rows, attempt(1, 1, "failed", 3.0, 4.0), finished=None)
    assert bars(found, 0) == [("waiting", 0.0, 2.0), ("running", 2.0, 8.0)]
    assert [bar.open for bar in found.lanes[0].bars] == [False, True]
    assert bars(found, 1)[-2:] == [("failed", 3.0, 1.0), ("waiting", 4.0, 6.0)]
    assert found.lanes[1].bars[-1].open


def test_a_day_in_which_nothing_happened_is_cut() -> None:
    day = 86400.0
    found = drawn(
        [row(0, "succeeded", 2, started_at=day, finished_at=day + 5.0)],
        attempt(0, 1, "failed", 0.0, 5.0),
        attempt(0, 2, "succeeded", day, day + 5.0),
        finished=day + 5.0,
    )
    assert 10.0 < found.total < 11.0
    assert bars(found, 0) == [("failed", 0.0, 5.0), ("waiting", 5.0, 0.3), ("succeeded", 5.3, 5.0)]


def test_a_task_that_has_not_begun_has_no_lane_and_a_short_one_is_seen() -> None:
    rows = [row(0, "succeeded", started_at=0.0, finished_at=0.001), row(1, "blocked", 0)]
    found = drawn([*rows], finished=100.0)
    assert found.lanes[1].bars == ()
    long = drawn(
        [row(0, "succeeded", started_at=0.0, finished_at=100.0), row(1, "failed", started_at=100.0, finished_at=100.0)]
    )
    ((_, start, length),) = bars(long, 1)
    assert length > 0.3
    assert start + length <= long.total
