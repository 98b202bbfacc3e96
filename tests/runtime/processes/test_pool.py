"""Which slot gets what, with slots that only take notes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_engine.model import Claim, Released, TaskRef
from flow_runtime.processes import slot_view
from flow_runtime.processes.channel import Channel, pair
from flow_runtime.processes.cursor import Cursor
from flow_runtime.processes.frames import Item, RunNote, done_frame, read_order
from flow_runtime.processes.pool import STEAL_AFTER, SlotPool
from flow_runtime.processes.slot_view import Job


class Notes:
    """Stands for the guardian; `slots` are the other ends of the channels of the slots that it was asked for."""

    def __init__(self) -> None:
        ours, self._theirs = pair()
        self.reports = Channel(ours)
        self.slots: dict[int, Channel] = {}
        self.forks = 0

    def fork_slot(self, slot: int) -> Channel:
        ours, theirs = pair()
        if slot in self.slots:
            self.slots[slot].close()
        self.slots[slot] = Channel(theirs)
        self.forks += 1
        return Channel(ours)

    def close(self) -> None:
        for channel in (self.reports, *self.slots.values()):
            channel.close()
        self._theirs.close()


class Bench:
    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.guardian = Notes()
        cursor = Cursor(str(folder / "slots"), 2)
        self.pages = [cursor.page(0), cursor.page(1)]
        self.pool = SlotPool(self.guardian, cursor, 2, lambda digest: "{}", lambda: self.now)  # type: ignore[arg-type]
        self.seq = 0

    def put(self, plan: str) -> None:
        claim = Claim(TaskRef(f"run-{plan}", self.seq), 1, 0, None, False)
        self.pool.put(Job(claim, "python", RunNote(ord(plan), f"run-{plan}", plan, "w", "/")))
        self.seq += 1
        self.pool.send()

    def end(self, slot: int, number: int) -> None:
        """The slot has begun and ended an item, quickly."""
        self.pages[slot].start(number, 1)
        self.guardian.slots[slot].send(done_frame(number, 1.0, 1.0001, "", "null"))
        assert len(self.pool.wait(1.0)) == 1

    def held(self) -> list[list[str]]:
        return [[sent.claim.task.run for sent in view.sent.values()] for view in self.pool._views]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Bench]:
    """Its slots serve nothing yet."""
    made = Bench(tmp_path)
    yield made
    made.pool.close()
    made.guardian.close()


@pytest.fixture
def bench(fresh: Bench) -> Bench:
    """Each slot serves the Python of one plan, and has had quick bodies."""
    for plan in ("a", "b"):
        fresh.put(plan)
    for number in (1, 2):
        fresh.end(0, number)
        fresh.end(1, number)
        fresh.put("a")
        fresh.put("b")
    fresh.end(0, 3)
    fresh.end(1, 3)
    assert fresh.held() == [[], []]
    return fresh


def test_what_waits_behind_a_long_body_goes_to_an_idle_slot(bench: Bench) -> None:
    bench.put("a")
    bench.put("a")
    assert sorted(map(len, bench.held())) == [0, 2], "it is sent ahead, since bodies have been quick"
    bench.pages[0].start(4, 1)
    assert bench.pool.rebalance() == []
    bench.now += STEAL_AFTER
    (taken,) = bench.pool.rebalance()
    assert taken.outcome == Released()


def test_it_is_not_sent_back_to_where_it_was_taken_from(bench: Bench) -> None:
    """The idle slot served another plan. So the work went to and fro, with a transaction each time, until the long body had ended."""
    bench.put("a")
    bench.put("a")
    bench.pages[0].start(4, 1)
    bench.now += STEAL_AFTER
    assert len(bench.pool.rebalance()) == 1
    forks = bench.guardian.forks
    bench.put("a")
    assert bench.held() == [["run-a"], ["run-a"]]
    assert bench.guardian.forks == forks + 1, "a fresh process for this plan"
    assert bench.pool.rebalance_due() is None


def test_a_slot_is_told_of_a_run_once_and_forgets_many(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a worker that lives for months would keep all runs that it ever had."""
    monkeypatch.setattr(slot_view, "MOST_RUNS", 3)
    channel = bench.guardian.slots[0]
    channel.receive()
    told: list[str] = []
    for number, run in enumerate((1, 1, 2, 3, 1), start=bench.pool._views[0].next_number):
        claim = Claim(TaskRef(f"r{run}", number), 1, 0, None, False)
        bench.pool.put(Job(claim, "python", RunNote(1000 + run, f"r{run}", "a", "w", "/")))
        bench.pool.send()
        for frame in channel.receive() or []:
            order = read_order(frame)
            told.append(f"item of {order.run}" if isinstance(order, Item) else next(iter(order)))
        bench.end(0, number)
    # it knew the run of the plan `a` already
    assert told == [
        *("begin", "item of 1001", "item of 1001", "begin", "item of 1002"),
        *("forget", "begin", "item of 1003", "begin", "item of 1001"),
    ]


def test_what_needs_no_python_leaves_the_slot_that_serves_one(fresh: Bench) -> None:
    """Else the next Python body of that plan would wait behind it, or get a fresh process."""
    fresh.put("a")
    fresh.end(0, 1)
    fresh.pool.put(Job(Claim(TaskRef("run-a", 9), 1, 0, None, False), "shell", RunNote(1, "run-a", "a", "w", "/")))
    fresh.pool.send()
    assert fresh.held() == [[], ["run-a"]]


def test_a_process_that_has_not_seen_what_was_taken_back_is_not_replaced(bench: Bench) -> None:
    """It would begin what was taken back, which another slot has by then: an attempt ran twice."""
    bench.put("a")
    bench.put("a")
    bench.pages[0].start(4, 1)
    bench.now += STEAL_AFTER
    assert len(bench.pool.rebalance()) == 1
    bench.end(0, 4)
    bench.put("b")
    forks = bench.guardian.forks
    bench.put("c")
    assert bench.held() == [[], ["run-b"]], "item 5 is on its way to the first one still"
    assert not bench.pages[0].start(5, 1)
    bench.pool.send()
    assert bench.held() == [["run-c"], ["run-b"]]
    assert bench.guardian.forks == forks + 1
