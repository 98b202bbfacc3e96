"""The worker's own rules, with slots that only take notes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flow_engine.decisions.rows import Rows
from flow_engine.model import Claim, Expanded, Failed, NewRun, Outcome, RunRecord, Succeeded, TaskRef
from flow_engine.queues.memory import MemoryQueue
from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_lang.bundle import bundle_of
from flow_lang.plan import Plan, Pool
from flow_runtime.dispatch import Dispatcher
from flow_runtime.inputs import RunInputs
from flow_runtime.processes.slot_view import Answer, Job, Kill, SlotView
from flow_runtime.worker import WATCH, Worker
from support.plans import digest, each, plan, task, value_task
from support.world import World


class OneSlot:
    """A pool of one slot, whose body ends when the test says so."""

    worth_sharing = True

    def __init__(self) -> None:
        self.view = SlotView(0)
        self.answers: list[Answer] = []
        self.busy = False
        self.waited: list[float | None] = []
        self.due: float | None = None

    def capacity(self) -> int:
        return 2 - len(self.view.sent)

    def put(self, job: Job) -> None:
        if not self.view.sent:
            self.view.head_since = time.monotonic()
        self.view.sent[self.view.next_number] = job._replace(kind="shell")
        self.view.next_number += 1

    def running(self) -> list[tuple[SlotView, Job, float]]:
        head = self.view.head()
        return [] if head is None else [(self.view, head[1], self.view.head_since)]

    def wait(self, timeout: float | None) -> list[Answer]:
        self.waited.append(timeout)
        taken, self.answers = self.answers, []
        return taken

    def rebalance_due(self) -> float | None:
        return self.due

    @property
    def in_hand(self) -> int:
        return 0

    def end_head(self) -> None:
        number, sent = self.view.head() or (0, None)
        assert sent is not None
        self.view.take(number, time.monotonic())
        self.answers.append(Answer(sent.claim, Succeeded("null"), 1.0, 2.0))

    def take_back_run(self, run: str) -> list[Answer]:
        return []  # the second had just started

    def send(self) -> None: ...
    def press(self) -> None: ...
    def rebalance(self) -> list[Answer]:
        return []


@pytest.fixture
def slot() -> OneSlot:
    return OneSlot()


def worker_of(
    slot: OneSlot, tmp_path: Path, count: int = 2, dispatcher: Callable[[Store, str], Dispatcher] = Dispatcher
) -> Worker:
    store = MemoryStore()
    World(store, now=time.time()).submit(plan(*[task(f"t{n}") for n in range(count)]))
    worker = Worker(store, MemoryQueue(), slot, dispatcher(store, "w1"), str(tmp_path))  # type: ignore[arg-type]
    assert worker.adopt("run-1")
    return worker


def test_a_cancel_that_meets_the_end_of_one_body_ends_the_next(slot: OneSlot, tmp_path: Path) -> None:
    """The slot had gone on to its second body before the first one's answer was heard, so that the kill named the wrong one."""
    worker = worker_of(slot, tmp_path)
    worker.step(0.0)
    worker.step(0.0)
    assert len(slot.view.sent) == 2
    worker.cancel("run-1")
    assert isinstance(slot.view.kill, Kill)
    assert slot.view.kill.number == 1
    slot.end_head()
    assert slot.view.kill is None
    worker.step(0.0)
    worker.step(0.0)
    assert slot.view.kill is not None
    assert (slot.view.kill.number, slot.view.kill.why) == (2, "cancelled")


def test_how_long_a_body_has_run_does_not_depend_on_the_walls_clock(
    slot: OneSlot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_of(slot, tmp_path, count=1)
    worker.step(0.0)
    (number, sent), *_ = slot.view.sent.items()
    slot.view.sent[number] = sent._replace(timeout=60.0)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    for _ in range(3):
        worker.step(0.0)
    assert slot.view.kill is None


def test_the_end_of_a_run_is_told_without_waiting(slot: OneSlot, tmp_path: Path) -> None:
    worker = worker_of(slot, tmp_path, count=1)
    worker.step()
    slot.end_head()
    worker.step()
    before = len(slot.waited)
    worker.step()
    assert worker.idle
    assert slot.waited[before:] == []


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_a_run_adopted_beside_a_cancelled_one_is_finished(slot: OneSlot, tmp_path: Path, cancelled_first: bool) -> None:
    """Its last task had ended when its worker died, so that nothing but the adoption itself can end it."""
    store, now = MemoryStore(), time.time()
    before = World(store, "w0", now)
    before.start(plan(task("t")), "over")
    before.tick()
    before.tick(before.end("t"))
    before.start(plan(task("t")), "asked")
    store.request_cancel("asked", now)
    store.abandon("w0")
    worker = Worker(store, MemoryQueue(), slot, Dispatcher(store, "w1"), str(tmp_path))  # type: ignore[arg-type]
    for run in ("asked", "over") if cancelled_first else ("over", "asked"):
        assert worker.adopt(run)
    worker.step(0.0)
    assert (store.run("over").state, store.run("asked").state) == ("succeeded", "cancelled")
    assert worker.idle


def test_a_body_that_may_start_only_once_does_not_start_after_a_cancel(slot: OneSlot, tmp_path: Path) -> None:
    """It waited for its start to be durable."""
    store = MemoryStore()
    World(store, now=time.time()).submit(plan(task("pay", at_most_once=True)))
    worker = Worker(store, MemoryQueue(), slot, Dispatcher(store, "w1"), str(tmp_path))  # type: ignore[arg-type]
    assert worker.adopt("run-1")
    worker.step(0.0)
    assert store.tasks("run-1")[0].state == "claimed"
    worker.cancel("run-1")
    worker.step(0.0)
    worker.step(0.0)
    assert slot.view.sent == {}
    assert store.run("run-1").state == "cancelled"


def test_what_a_pool_holds_back_is_not_tried_without_a_free_slot(slot: OneSlot, tmp_path: Path) -> None:
    """It was looked at without a rest for as long as the bodies ran."""
    store = MemoryStore()
    tasks = [task("a", pool="p"), task("b", pool="p"), task("c")]
    World(store, now=time.time()).submit(plan(*tasks, pools=(Pool("p", 1),)))
    worker = Worker(store, MemoryQueue(), slot, Dispatcher(store, "w1"), str(tmp_path))  # type: ignore[arg-type]
    assert worker.adopt("run-1")
    for _ in range(3):
        worker.step(0.0)
    assert len(slot.view.sent) == 2
    assert store.tasks("run-1")[1].state == "ready"
    time.sleep(0.12)  # longer than until what is held back is tried again
    before = len(slot.waited)
    worker.step()
    assert slot.waited[before:] == [WATCH]


def test_an_idle_slot_does_not_wait_for_what_stands_behind_a_long_body(slot: OneSlot, tmp_path: Path) -> None:
    """It stood there until the next look around, 150 ms."""
    worker = worker_of(slot, tmp_path, count=1)
    worker.step()
    slot.due = time.monotonic() + 0.01
    worker.step()
    assert slot.waited[-1] is not None
    assert slot.waited[-1] <= 0.01


def test_instances_that_are_still_to_be_made_are_made_by_who_takes_the_run_over(
    slot: OneSlot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one instance that there was had ended with its parent, so that nothing else would have made a transaction."""
    store, now = MemoryStore(), time.time()
    before = World(store, "w0", now)
    before.start(plan(value_task("source"), each("work", "source"), each("after", "work", aligned=True)))
    before.tick()
    before.tick(before.end("source"))
    before.tick(before.end("work", Expanded(2, ['"a"', '"b"'])))
    before.tick(before.end("work[0]", Failed("exit_1", "{}", retryable=False)), before.end("work[1]"))
    monkeypatch.setattr(Rows, "CHUNK", 1)
    before.tick(before.end("after", Expanded(2, None)))
    store.abandon("w0")
    worker = Worker(store, MemoryQueue(), slot, Dispatcher(store, "w1"), str(tmp_path))  # type: ignore[arg-type]
    assert worker.adopt("run-1")
    for _ in range(3):
        worker.step(0.0)
    found = [row.state for row in store.tasks("run-1") if row.node == 2 and row.place is not None]
    assert found == ["upstream_failed", "claimed"]


class Stumbling(Dispatcher):
    def decide(self, record: RunRecord, plan: Plan, inputs: RunInputs, claim: Claim, now: float) -> Outcome | None:
        if claim.node == 0:
            raise KeyError("what nobody foresaw")
        return super().decide(record, plan, inputs, claim, now)


def test_an_error_that_nobody_foresaw_is_that_of_one_task(slot: OneSlot, tmp_path: Path) -> None:
    worker = worker_of(slot, tmp_path, dispatcher=Stumbling)
    for _ in range(3):
        worker.step(0.0)
    (sent,) = slot.view.sent.values()
    assert sent.claim.node == 1
    slot.end_head()
    for _ in range(3):
        worker.step(0.0)
    assert worker.idle
    failed = worker.dispatcher._store.tasks("run-1")[0]
    assert failed.state == "failed"
    assert "KeyError" in str(failed.error)
    assert "at decide in test_worker.py" in str(failed.error)


def test_an_error_in_the_end_of_one_run_is_that_of_the_run(
    slot: OneSlot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(self: RunInputs) -> str:
        raise KeyError("what nobody foresaw")

    monkeypatch.setattr(RunInputs, "result", lost)
    worker = worker_of(slot, tmp_path, count=1)
    worker.step(0.0)
    slot.end_head()
    for _ in range(3):
        worker.step(0.0)
    assert worker.idle
    error = str(worker.dispatcher._store.run("run-1").error)
    assert '"internal"' in error
    assert "at lost in test_worker.py" in error


def test_what_is_known_of_tasks_of_others_is_told_before_each_run_that_is_taken_over(
    slot: OneSlot, tmp_path: Path
) -> None:
    """Of child runs, too, which are taken over with their parents: an attempt that had ended here was given up as lost."""
    store = MemoryStore()
    World(store).submit(plan(task("a")))
    inner = plan(task("t"), name="inner")
    store.submit(NewRun("child", digest(inner), inner, bundle_of(inner), {}, "/tmp", 1.0, parent=TaskRef("run-1", 0)))
    worker = Worker(store, MemoryQueue(), slot, Dispatcher(store, "w1"), str(tmp_path))  # type: ignore[arg-type]
    told: list[list[str]] = []
    worker.before_adopting = lambda: told.append(worker.live)
    assert worker.adopt("run-1")
    assert told == [[], ["run-1"]]


class ThreeMore(OneSlot):
    """It has three that it has not answered."""

    @property
    def in_hand(self) -> int:
        return 3


def test_what_is_known_is_not_held_back_for_as_long_as_the_database_was_away(tmp_path: Path) -> None:
    """The time of a transaction that had waited for the server counted as what one costs, and for so long it gathered answers."""
    slot = ThreeMore()
    worker = worker_of(slot, tmp_path)
    worker.step(0.0)
    worker.note_cost(60.0)
    slot.end_head()
    began = time.monotonic()
    worker.step(0.0)
    worker.step(0.0)
    assert time.monotonic() - began < 5.0
