"""The commands, and the comparison of the store with the model after each."""

import os
import random
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from flow_engine.decisions.books import Report
from flow_engine.deployments import Deployment
from flow_engine.errors import IdempotencyConflict, LostOwnership, Refused
from flow_engine.model import (
    Awaits,
    Claim,
    Completion,
    Failed,
    Hint,
    Lost,
    NewRun,
    Outcome,
    Released,
    RunEnd,
    Signal,
    Succeeded,
    Suspended,
    TaskRef,
)
from flow_engine.schedules import firing_key
from flow_engine.stores.contract import RunFilter, Store
from flow_lang.bundle import bundle_hash, bundle_of
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from simulation.checker import check_end, check_rows
from simulation.server_faults import ServerFaults
from support.stores import QUICK, State

from stateful.reference import NEEDS, PLAN, WAITS, RunModel

NAMES = list(NEEDS)
BUNDLE = bundle_of(PLAN)
HASH = bundle_hash(BUNDLE)
WORKERS, RUNS, INSTANTS, STEPS = 3, 5, 4, 40
FAILED = Failed("exit_1", '{"code": "exit_1"}')
pick = st.integers(0, 7)


class Hands:
    """What a worker knows."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []
        self.claims: dict[TaskRef, Claim] = {}


class Commands(RuleBasedStateMachine):
    """`state` is set by each store's own class."""

    state: State
    ended: ClassVar[Counter[str]] = Counter()
    """How many runs have ended how, in all sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.dead: set[str] = set()
        self.opened = ExitStack()
        folder = tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.open = self.opened.enter_context(type(self).state(Path(self.opened.enter_context(folder))))
        self.watch = self._handle()
        self.handles: dict[str, Store] = {}
        self.hands: dict[str, Hands] = {}
        self.runs: dict[str, RunModel] = {}
        self.keys: dict[str, tuple[str, int]] = {}
        self.stale: list[Completion] = []
        self.instants: dict[float, str] = {}
        self.since = self.now
        self.watch.deploy(Deployment(PLAN.entry, HASH, BUNDLE, "/tmp", '{"cron": "* * * * *", "tz": "UTC"}', self.now))
        self._join()

    # -- people

    @precondition(lambda self: len(self.runs) < RUNS)
    @rule(key=st.sampled_from([None, "k1", "k2"]), payload=st.integers(0, 1))
    def submit(self, key: str | None, payload: int) -> None:
        run, params = f"run-{len(self.runs)}", {"n": payload}
        new = NewRun(run, HASH, PLAN, BUNDLE, params, "/tmp", self.now, idempotency_key=key)
        known = self.keys.get(key or "")
        if known is None:
            assert self.watch.submit(new) == (run, True)
            self.runs[run] = RunModel()
            if key is not None:
                self.keys[key] = (run, payload)
        elif known[1] == payload:
            assert self.watch.submit(new) == (known[0], False)
        else:
            with pytest.raises(IdempotencyConflict) as refused:
                self.watch.submit(new)
            assert refused.value.run == known[0]

    @precondition(lambda self: self.runs)
    @rule(at=pick)
    def cancel(self, at: int) -> None:
        run, model = self._run(at)
        over = model.state in ("succeeded", "failed", "cancelled")
        assert self.watch.request_cancel(run, self.now) is not over
        model.cancel = model.cancel or not over

    @precondition(lambda self: self.runs)
    @rule(at=pick, name=st.sampled_from(sorted(WAITS)), approved=st.booleans())
    def answer(self, at: int, name: str, approved: bool) -> None:
        """An approval or an event; also before anything waits for it, and twice."""
        run, model = self._run(at)
        signal = Signal(WAITS[name], name, "true" if approved else "false", self.now)
        if model.state in ("succeeded", "failed", "cancelled"):
            with pytest.raises(Refused):
                self.watch.send(run, signal)
            return
        self.watch.send(run, signal)
        model.sent.add(name)

    @precondition(lambda self: self.runs)
    @rule(at=pick)
    def retry_from_failed(self, at: int) -> None:
        run, model = self._run(at)
        assert self.watch.reopen(run, self.now) == model.reopen()

    @rule(instant=st.integers(1, INSTANTS))
    def fire(self, instant: int) -> None:
        """Any scheduler, in any order: an instant has one run, and none before the last that was fired begins."""
        at = 1000.0 + 60 * instant
        run = f"fired-{len(self.runs)}"
        fired = self.watch.fire(PLAN.entry, at, NewRun(run, HASH, PLAN, BUNDLE, {}, "/tmp", self.now))
        if at in self.instants:
            assert fired == (self.instants[at], False)
        elif at <= self.since:
            assert fired is None
        else:
            assert fired == (run, True)
            self.instants[at], self.runs[run] = run, RunModel()
            assert self.watch.run(run).state == "queued"
        self.since = max(self.since, at) if fired else self.since
        assert firing_key(PLAN.entry, at).startswith("schedule:")

    # -- workers

    @precondition(lambda self: len(self.hands) < WORKERS)
    @rule()
    def join(self) -> None:
        self._join()

    @precondition(lambda self: self._alive())
    @rule(at=pick)
    def lose_worker(self, at: int) -> None:
        self.dead.add(self._worker(at))

    @precondition(lambda self: self._alive() and self.runs)
    @rule(who=pick, at=pick)
    def adopt(self, who: int, at: int) -> None:
        worker, (run, model) = self._worker(who), self._run(at)
        may = model.state not in ("succeeded", "failed", "cancelled") and (
            model.owner is None or model.owner in self.dead
        )
        if model.owner == worker:
            return
        adopted = self.handles[worker].adopt(worker, run, self.now)
        assert (adopted is not None) is may
        if adopted is None:
            return
        before, model.owner = model.owner, worker
        model.adopted()
        self.hands[worker].hints += adopted.ready
        lost = []
        for task, attempt, of in adopted.in_flight:
            assert of == before
            lost.append(Completion(task, attempt, of, Lost("gone")))
        cancels = (run,) if model.cancel else ()
        assert not self._tick(worker, lost, 0, cancels)
        if model.cancel:
            model.stop()
        for completion in lost:
            model.end(NAMES[completion.task.seq], "lost")

    @precondition(lambda self: self._alive())
    @rule(who=pick)
    def claim(self, who: int) -> None:
        """All that is ready in the runs of a living worker is claimed, and nothing else."""
        worker = self._worker(who)
        owned = {run: model for run, model in self.runs.items() if model.owner == worker}
        wanted = {(run, name) for run, model in owned.items() for name in model.ready()}
        got = self._tick_claims(worker)
        assert got == wanted, f"{got} != {wanted}"
        for run, name in got:
            self.runs[run].claim(name)

    @precondition(lambda self: self._alive() and self.runs)
    @rule(
        who=pick,
        hows=st.lists(st.sampled_from(["succeeded"] * 6 + ["failed", "lost"]), min_size=2, max_size=16),
        answered=st.booleans(),
    )
    def work(self, who: int, hows: list[str], answered: bool) -> None:
        """What a worker does in a while: takes over, looks, claims, ends what it has, one after the other, and then runs."""
        worker = self._worker(who)
        for at in range(len(self.runs) if answered else 0):
            for name in WAITS:
                self.answer(at, name, True)
        self.see_cancellations(list(self.hands).index(worker))
        for at in range(len(self.runs)):
            self.adopt(who, at)
        for how in hows:
            self.wake(who)
            self.claim(who)
            claims = self.hands[worker].claims
            if claims:
                self._complete(worker, next(iter(claims.values())), how)
        self.finish(list(self.hands).index(worker))

    @precondition(lambda self: any(hands.claims for hands in self.hands.values()))
    @rule(at=pick, how=st.sampled_from(["succeeded", "succeeded", "failed", "released", "lost"]))
    def complete(self, at: int, how: str) -> None:
        """Also by a worker that others take for dead: its word counts until somebody has taken its run over."""
        flying = [(worker, claim) for worker, hands in self.hands.items() for claim in hands.claims.values()]
        worker, claim = flying[at % len(flying)]
        self._complete(worker, claim, how)

    def _complete(self, worker: str, claim: Claim, how: str) -> None:
        del self.hands[worker].claims[claim.task]
        model, name = self.runs[claim.task.run], NAMES[claim.task.seq]
        how, outcome = self._outcome(claim, name, how)
        done = Completion(claim.task, claim.attempt, worker, outcome, self.now, self.now)
        refused = self._tick(worker, [done], 0)
        assert bool(refused) is (model.owner != worker)
        if not refused:
            model.end(name, how)
        if how != "released":
            self.stale.append(done)

    @precondition(lambda self: self.stale)
    @rule(at=pick, who=pick)
    def complete_late(self, at: int, who: int) -> None:
        """A message that was told before, or of a worker that has lost its run: it changes nothing."""
        done = self.stale[at % len(self.stale)]
        worker = list(self.hands)[who % len(self.hands)]
        asking = self.runs[done.task.run].tasks[NAMES[done.task.seq]]
        if isinstance(done.outcome, Suspended) or (asking.attempt == done.attempt and NAMES[done.task.seq] in WAITS):
            return  # all looks of a wait have one attempt
        assert self._tick(worker, [done], 0) == [done.task]

    @rule(who=pick)
    def see_cancellations(self, who: int) -> None:
        worker = list(self.hands)[who % len(self.hands)]
        cancels = self.handles[worker].cancel_requests(worker)
        owned = [run for run, model in self.runs.items() if model.owner == worker and model.cancel]
        open_ = [run for run in owned if self.runs[run].state in ("queued", "running")]
        assert sorted(cancels) == sorted(open_)
        self._tick(worker, [], 0, tuple(cancels))
        for run in cancels:
            self.runs[run].stop()

    @precondition(lambda self: self._alive())
    @rule(who=pick)
    def wake(self, who: int) -> None:
        """What has come is looked at, and the wait ends."""
        worker = self._worker(who)
        owned = {run: model for run, model in self.runs.items() if model.owner == worker}
        arrivals = self.handles[worker].arrivals(worker)
        wanted = {(run, name) for run, model in owned.items() for name in model.arrived()}
        assert {(task.run, NAMES[task.seq]) for task in arrivals} == wanted
        tick = self.handles[worker].tick(worker, self.now, Report(wakes=tuple(arrivals)), [], 0)
        assert {(claim.task.run, NAMES[claim.task.seq]) for claim in tick.claims} == wanted
        self._take(worker, tick.ready, tick.claims)
        for run, name in wanted:
            self.runs[run].claim(name)

    @rule(who=pick)
    def finish(self, who: int) -> None:
        worker = list(self.hands)[who % len(self.hands)]
        for run, model in self.runs.items():
            if model.over and model.owner is not None and model.state in ("queued", "running"):
                self._finish(worker, run, model)

    def _finish(self, worker: str, run: str, model: RunModel) -> None:
        if model.owner != worker:
            with pytest.raises(LostOwnership):
                self.handles[worker].finish(worker, self.now, [RunEnd(run, None, None)])
            return
        self.handles[worker].finish(worker, self.now, [RunEnd(run, None, None)])
        assert self.watch.run(run).state == model.finish()
        self.ended[model.state] += 1
        check_end(PLAN, self.watch.run(run), self.watch.tasks(run, values=True))

    # -- the comparison

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        self.now += 1.0
        records = {record.id: record for record in self.watch.runs(RunFilter(limit=1000))}
        assert set(records) == set(self.runs)
        for run, model in self.runs.items():
            rows, record = self.watch.tasks(run, values=True), records[run]
            told = [(row.state, row.attempt, row.failures, row.losses) for row in rows]
            wanted = [(task.state, task.attempt, task.failures, task.losses) for task in model.tasks.values()]
            if record.reopened_at is not None and model.state == "queued":
                # what is ready is so in the memory of whoever adopts it, and in its row with the first claim
                wanted = [
                    (row.state, *task[1:]) if task[0] == "ready" else task
                    for row, task in zip(rows, wanted, strict=True)
                ]
            assert told == wanted, f"{run}: {told} != {wanted}"
            assert (record.state, record.owner) == (model.state, model.owner)
            check_rows(PLAN, rows, record.reopened_at is not None)
        free = {
            run
            for run, model in self.runs.items()
            if model.state in ("queued", "running") and (model.owner is None or model.owner in self.dead)
        }
        assert set(self.watch.unowned(100)) == free

    def teardown(self) -> None:
        self.opened.close()

    # -- doing it

    def _tick(self, worker: str, told: list[Completion], want: int, cancels: tuple[str, ...] = ()) -> list[TaskRef]:
        """What was refused."""
        tick = self.handles[worker].tick(worker, self.now, Report(tuple(told), (), cancels), [], want)
        self._take(worker, tick.ready, tick.claims)
        return tick.refused

    def _tick_claims(self, worker: str) -> set[tuple[str, str]]:
        hands = self.hands[worker]
        hints, hands.hints = [hint for hint in hands.hints if not hint.alarm], []
        tick = self.handles[worker].tick(worker, self.now, Report(), hints, 100)
        self._take(worker, tick.ready, tick.claims)
        return {(claim.task.run, NAMES[claim.task.seq]) for claim in tick.claims}

    def _take(self, worker: str, ready: list[Hint], claims: list[Claim]) -> None:
        self.hands[worker].hints += ready
        self.hands[worker].claims |= {claim.task: claim for claim in claims}

    def _outcome(self, claim: Claim, name: str, how: str) -> tuple[str, Outcome]:
        if how in ("released", "lost"):
            return how, Released() if how == "released" else Lost("gone")
        if name in WAITS and name not in self.runs[claim.task.run].sent:
            return "suspended", Suspended(Awaits(WAITS[name], name))
        return how, Succeeded('"ok"') if how == "succeeded" else FAILED

    def _join(self) -> None:
        worker = f"w{len(self.hands)}"
        self.hands[worker], self.handles[worker] = Hands(), self._handle()

    def _handle(self) -> Store:
        return self.open(lambda worker: worker not in self.dead, lambda: 0.5)

    def _run(self, at: int) -> tuple[str, RunModel]:
        run = list(self.runs)[at % len(self.runs)]
        return run, self.runs[run]

    def _alive(self) -> list[str]:
        return [worker for worker in self.hands if worker not in self.dead]

    def _worker(self, at: int) -> str:
        alive = self._alive()
        return alive[at % len(alive)]


class MemoryCommands(Commands):
    state = staticmethod(QUICK["memory"])


class SqliteCommands(Commands):
    state = staticmethod(QUICK["sqlite"])


class PostgresCommands(Commands):
    """Connections are lost meanwhile, and transactions collide; the store heals, so that nothing of it is seen."""

    state = staticmethod(QUICK["postgres"])
    faults: ClassVar[Counter[str]] = Counter()
    """How many of them there were, in all sequences."""

    def __init__(self) -> None:
        self._faults = ServerFaults(random.Random(1), lambda what: self.faults.update([what]), lambda store: None)
        super().__init__()

    def _handle(self) -> Store:
        store = super()._handle()
        self._faults.beset(store)
        return store


MACHINES: dict[str, type[Commands]] = {
    "memory": MemoryCommands,
    "sqlite": SqliteCommands,
    "postgres": PostgresCommands,
}
