"""The worker: claims tasks, has their bodies run in slots, and reports how they ended, in one transaction a tick.

While a transaction is under way, answers gather in the slots' channels and go into the next one: group commit without a timer.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from flow_engine import states
from flow_engine.decisions.books import Report
from flow_engine.errors import StoreError
from flow_engine.model import (
    Cancelled,
    Claim,
    Completion,
    Expanded,
    Failed,
    Lost,
    Outcome,
    Released,
    RunEnd,
    Skipped,
    Started,
    Succeeded,
)
from flow_engine.queues.contract import Queue
from flow_engine.stores.contract import Adopted, Store
from flow_lang.evaluate import EvaluationError
from flow_lang.plan import Task
from flow_lang.values import Mismatch

from flow_runtime.inputs import RunInputs, TooManyInstances
from flow_runtime.processes.pool import Job, SlotPool
from flow_runtime.processes.slot_view import Answer
from flow_runtime.wire import dumps

WATCH = 0.15
"""Seconds between two looks at what other processes ask for (cancel), and until a running body is told to those who watch."""


SPARE = 1024
"""The most claims beyond what the slots can take."""


class Observer(Protocol):
    """Hears what happens, to show it. Called between transactions, after they are durable."""

    def claimed(self, claims: Iterable[Claim]) -> None: ...
    def completed(self, completions: Iterable[Completion]) -> None: ...
    def ended(self, run: str) -> None: ...


class LiveRun:
    """What the worker keeps of a run that it owns."""

    def __init__(self, adopted: Adopted, inputs: RunInputs) -> None:
        self.record = adopted.record
        self.plan = adopted.plan
        self.inputs = inputs
        self.cancelling = False
        self.timed_out = False
        timeout = adopted.plan.workflow.timeout
        self.deadline = None if timeout is None else adopted.record.created_at + timeout

    def key(self, claim: Claim) -> str:
        name = self.plan.workflow.tasks[claim.node].name
        return name if claim.place is None else f"{name}[{claim.place}]"


class Worker:
    """`scratch` is the folder for what the engine itself must write while it evaluates."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        pool: SlotPool,
        incarnation: str,
        scratch: str,
        observers: Iterable[Observer] = (),
        was_started: Callable[[str, int, int, str], bool] = lambda run, seq, attempt, worker: True,
    ) -> None:
        self._store = store
        self._queue = queue
        self._pool = pool
        self._id = incarnation
        self._scratch = scratch
        self._observers = list(observers)
        self._was_started = was_started
        self._live: dict[str, LiveRun] = {}
        self._done: list[Completion] = []
        self._told: set[tuple[str, int, int]] = set()
        self._cancels: list[str] = []
        self._looked_at = 0.0
        self._draining = False
        self._spare = 0

    @property
    def idle(self) -> bool:
        """No run is left to work on."""
        return not self._live

    @property
    def runs(self) -> int:
        """How many runs it has."""
        return len(self._live)

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def drained(self) -> bool:
        """After `drain`: nothing runs any more, and all that is known is durable."""
        return self._draining and not (self._pool.busy or self._done or self._cancels)

    def watch(self, observer: Observer) -> None:
        self._observers.append(observer)

    def adopt(self, run: str) -> bool:
        """Takes the run over; False where another worker has it or it has ended."""
        now = time.time()
        adopted = self._store.adopt(self._id, run, now)
        if adopted is None:
            return False
        record = adopted.record
        self._live[record.id] = LiveRun(adopted, RunInputs(self._store, record, adopted.plan, self._scratch))
        self._queue.push(adopted.ready)
        for task, attempt, worker in adopted.in_flight:
            lost = self._was_started(task.run, task.seq, attempt, worker)
            outcome: Outcome = Lost(f"worker {worker} died while it ran attempt {attempt}") if lost else Released()
            self._done.append(Completion(task, attempt, worker, outcome))
        if record.cancel_requested_at is not None:
            self.cancel(record.id)  # in the same transaction as the first claims, so that nothing of it starts
        elif not adopted.ready and not adopted.in_flight:
            self._finish([record.id])
        return True

    def cancel(self, run: str, timed_out: bool = False) -> None:
        """Ends the run: what runs gets SIGTERM and later SIGKILL, what waits never starts."""
        live = self._live.get(run)
        if live is None or live.cancelling:
            return
        self._store.request_cancel(run, time.time())  # so that whoever resumes after a crash cancels too
        live.cancelling, live.timed_out = True, timed_out
        self._cancels.append(run)
        self._take(self._pool.take_back_run(run))
        for view, sent, _ in self._pool.running():
            if sent.claim.task.run == run:
                view.end_head("cancelled", time.monotonic())

    def cancel_all(self) -> None:
        for run in list(self._live):
            self.cancel(run)

    def drain(self) -> None:
        """Claims nothing more: what has not started goes back as it was, what runs may end. Then the runs are free for another."""
        self._draining = True
        for run in self._live:
            self._take(self._pool.take_back_run(run))

    def step(self, patience: float | None = None) -> None:
        """One tick, and then waiting for answers, at most `patience` seconds."""
        if self._tick():
            self._pool.send()
            self._take(self._pool.wait(0.0))
            return
        self._pool.send()
        self._take(self._pool.rebalance())
        if not self._done:
            self._take(self._pool.wait(self._patience(patience)))
        self._look_around()

    def _tick(self) -> bool:
        """One transaction, where there is anything to do; True where the next one should follow at once."""
        now = time.time()
        room = 0 if self._draining else self._pool.capacity() + self._spare
        hints = self._queue.pop(room, now) if room else []
        started = self._newly_started(now)
        if not (self._done or hints or started or self._cancels):
            return False
        done, self._done = self._done, []
        cancels, self._cancels = self._cancels, []
        try:
            tick = self._store.tick(self._id, now, Report(done, started, cancels), hints, room)
        except StoreError:
            self._done, self._cancels = done + self._done, cancels + self._cancels
            raise
        self._queue.push(tick.ready)
        refused = set(tick.refused)
        for observer in self._observers:
            observer.completed([completion for completion in done if completion.task not in refused])
            observer.claimed(tick.claims)
        held = len(self._done)
        for claim in tick.claims:
            self._dispatch(claim)
        decided = len(self._done) - held
        # what is decided here needs no slot: a long row of false conditions takes few transactions
        self._spare = min(2 * decided, SPARE) if decided == len(tick.claims) else 0
        self._finish(tick.finishing)
        return bool(self._done)

    def _dispatch(self, claim: Claim) -> None:
        """Decides what can be decided here (conditions, lists), and has the rest run."""
        live = self._live[claim.task.run]
        task = live.plan.workflow.tasks[claim.node]
        try:
            if claim.expands:
                self._end(claim, Expanded(*live.inputs.elements(task)))
            elif not live.inputs.holds(task, claim):
                self._end(claim, Skipped("its condition is false"))
            else:
                self._pool.put(self._job(live, task, claim))
        except (EvaluationError, Mismatch, TooManyInstances) as error:
            self._end(claim, _failed("expression", str(error), retryable=False))

    def _job(self, live: LiveRun, task: Task, claim: Claim) -> Job:
        texts = live.inputs.texts(task, claim.place, task.reads)
        values = ",".join(f"{json.dumps(name)}:{text}" for name, text in texts.items())
        record = live.record
        identity = (
            f'"run":"{record.id}","seq":{claim.task.seq},"attempt":{claim.attempt},"key":{json.dumps(live.key(claim))}'
        )
        where = f'"plan":"{record.plan_hash}","task":{claim.node},"folder":{json.dumps(record.folder)}'
        return Job(claim, task.body.kind, record.plan_hash, task.timeout, f'{identity},{where},"values":{{{values}}}}}')

    def _take(self, answers: Iterable[Answer]) -> None:
        for claim, message in answers:
            times = (message.get("started"), message.get("finished"), message.get("log"))
            self._done.append(Completion(claim.task, claim.attempt, self._id, _outcome(message), *times))
            self._told.discard((claim.task.run, claim.task.seq, claim.attempt))

    def _end(self, claim: Claim, outcome: Outcome) -> None:
        now = time.time()
        self._done.append(Completion(claim.task, claim.attempt, self._id, outcome, now, now))

    def _finish(self, runs: Iterable[str]) -> None:
        ends = []
        for run in runs:
            live = self._live.get(run)
            if live is not None:
                ends.append(self._run_end(live))
        if not ends:
            return
        self._store.finish(self._id, time.time(), ends)
        for end in ends:
            del self._live[end.run]
            self._queue.drop(end.run)
            for observer in self._observers:
                observer.ended(end.run)

    def _run_end(self, live: LiveRun) -> RunEnd:
        if live.timed_out:
            seconds = live.plan.workflow.timeout
            return RunEnd(
                live.record.id, None, json.dumps({"code": "timeout", "message": f"the run was not done in {seconds} s"})
            )
        if self._store.outcome(live.record.id) != states.SUCCEEDED:
            return RunEnd(live.record.id, None, None)
        try:
            return RunEnd(live.record.id, live.inputs.result(), None)
        except (EvaluationError, Mismatch) as error:
            message = f"the workflow's result has no value: {error}"
            return RunEnd(live.record.id, None, json.dumps({"code": "expression", "message": message}))

    def _newly_started(self, now: float) -> list[Started]:
        """Bodies that have run for a while and are not yet known to run."""
        started = []
        clock = time.monotonic()
        for _, sent, since in self._pool.running():
            mark = (sent.claim.task.run, sent.claim.task.seq, sent.claim.attempt)
            if clock - since > WATCH and mark not in self._told:
                self._told.add(mark)
                started.append(Started(sent.claim.task, sent.claim.attempt, self._id, now - (clock - since), None))
        return started

    def _look_around(self) -> None:
        """Deadlines, and what other processes ask for."""
        now = time.monotonic()
        for view, sent, since in self._pool.running():
            live = self._live.get(sent.claim.task.run)
            if sent.timeout is not None and now - since >= sent.timeout:
                view.end_head("timeout", now)
            elif live is not None and live.cancelling:  # the body before it ended just when it was told to
                view.end_head("cancelled", now)
        self._pool.press()
        for run, live in list(self._live.items()):
            if live.deadline is not None and time.time() >= live.deadline:
                self.cancel(run, timed_out=True)
        if now - self._looked_at >= WATCH:
            self._looked_at = now
            for run in self._store.cancel_requests(self._id):
                self.cancel(run)

    def _patience(self, patience: float | None) -> float:
        """Until the next deadline, delayed task or look around, whichever is first."""
        now = time.monotonic()
        left = [WATCH if patience is None else min(patience, WATCH)]
        left += [
            since + sent.timeout - now
            for view, sent, since in self._pool.running()
            if sent.timeout is not None and view.kill is None
        ]
        due = self._queue.next_due()
        if due is not None and not self._draining and self._pool.capacity():
            left.append(due - time.time())
        return max(min(left), 0.0)


def _outcome(message: dict[str, object]) -> Outcome:
    """What a slot's answer means."""
    if "void" in message:
        return Released()
    if "lost" in message:
        return Lost(str(message["lost"]))
    if "died" in message:
        return _death(int(str(message["died"])), str(message["why"]))
    if "cancelled" in message:
        return _ended(str(message["cancelled"]))
    if "code" in message:
        return Failed(str(message["code"]), dumps(message["error"]), bool(message.get("retryable", True)))
    return Succeeded(str(message["result"]))


def _ended(why: str) -> Outcome:
    return (
        _failed("timeout", "the attempt was not done in its time")
        if why == "timeout"
        else Cancelled("the run was cancelled")
    )


def _death(status: int, why: str) -> Outcome:
    """A slot that died took its body with it: on demand, or because the body ended the process."""
    if why:
        return _ended(why)
    code = os.waitstatus_to_exitcode(status)
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return _failed("crashed", f"the body ended its process ({how}) instead of returning")


def _failed(code: str, message: str, retryable: bool = True) -> Failed:
    return Failed(code, dumps({"code": code, "message": message}), retryable)
