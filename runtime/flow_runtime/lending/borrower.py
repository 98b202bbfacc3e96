"""The borrower's side: tasks of runs that other workers own, whose bodies run here. The owner decides and writes."""

import time
from collections.abc import Callable, Collection, Iterable

from flow_engine.errors import StorageError
from flow_engine.model import Claim, Completion, Outcome, Released, Room, RunRecord, TaskRef
from flow_engine.stores.contract import Adopted, Store
from flow_engine.stores.mail import Loan, Message, answer_message, room_message, start_message

from flow_runtime.begin import begun
from flow_runtime.dispatch import Dispatcher, failed
from flow_runtime.executors.contract import need_kinds
from flow_runtime.inputs import RunInputs
from flow_runtime.lending.exchange import Exchange
from flow_runtime.lending.values import BorrowedValues
from flow_runtime.live_run import LiveRun
from flow_runtime.processes.pool import SlotPool
from flow_runtime.processes.slot_view import Job
from flow_runtime.worker import Worker

LOOK = 0.15
"""Seconds between two looks into the mailbox without a knock."""
_Key = tuple[TaskRef, int]


class Borrower:
    """Shares its slots with the worker that owns runs, and has its name and its `labels`. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        exchange: Exchange,
        pool: SlotPool,
        dispatcher: Dispatcher,
        worker: Worker,
        scratch: str,
        clock: Callable[[], float] = time.time,
        labels: Collection[str] = (),
    ) -> None:
        self._store, self._exchange, self._pool = store, exchange, pool
        self._dispatcher, self._worker, self._scratch = dispatcher, worker, scratch
        self._id = dispatcher.incarnation
        self._clock = clock
        self._labels = tuple(sorted(labels))
        self._runs: dict[str, LiveRun] = {}
        self._loans: dict[_Key, Claim] = {}
        self._asked: set[str] = set()
        self._done: list[Completion] = []
        self._looked_at = 0.0
        self.knocked = False
        self._draining = False

    @property
    def idle(self) -> bool:
        return not (self._loans or self._done)

    def ask(self, run: str) -> None:
        """Tells the owner of the run that there is room for tasks of it. Raises UnknownRun, UnknownKind, Unreadable."""
        live = self._live(run)
        room = self._pool.capacity()
        if room > 0 and live.record.finished_at is None and run not in self._asked:
            self._leave([room_message(Room(live.record.id, self._id, room, self._labels))], [live.record.id])
            self._asked.add(live.record.id)

    def step(self, more: bool) -> bool:
        """Takes what was lent, begins it, and leaves how it ended; with `more` it asks for more where there is room. Whether it has begun any."""
        self._collect()
        begun = self._look() if self._is_time() else 0
        self._answer(more)
        return begun > 0

    def settle(self) -> None:
        """Leaves what has ended so far: before a run is taken over that it may be of."""
        self._collect()
        self._answer(more=False)

    def drain(self) -> None:
        """Gives back what has not started, and what is lent to it from now on."""
        self._draining = True
        for run in {task.run for task, _ in self._loans}:
            self._worker.take_back(run)

    def _collect(self) -> None:
        ended, self._worker.foreign = self._worker.foreign, []
        for done in ended:
            # of those that it has no more nobody waits for the end
            if self._loans.pop((done.task, done.attempt), None) is not None:
                self._done.append(done)

    def _is_time(self) -> bool:
        waits = bool(self._loans or self._asked)
        return waits and (self.knocked or time.monotonic() - self._looked_at >= LOOK)

    def _look(self) -> int:
        """How many it has begun."""
        self.knocked, self._looked_at = False, time.monotonic()
        self._loans = {key: claim for key, claim in self._loans.items() if not self._worker.owns(key[0].run)}
        box = self._store.mailbox(self._id)
        self._asked &= box.rooms
        unanswered = {(done.task, done.attempt) for done in self._done}
        there: dict[_Key, Loan] = {(loan.claim.task, loan.claim.attempt): loan for loan in box.loans}
        gone = self._loans.keys() - there.keys()
        self._end(dict.fromkeys(gone, "cancelled") | {key: loan.end for key, loan in there.items() if loan.end})
        for key in gone:
            del self._loans[key]
        fresh = [key for key in there if key not in self._loans and key not in unanswered]
        fresh = [key for key in fresh if not self._worker.owns(key[0].run)]
        for key in fresh:
            self._begin(there[key].claim)
        self._forget()
        return len(fresh)

    def _begin(self, claim: Claim) -> None:
        if self._draining:
            self._done.append(Completion(claim.task, claim.attempt, self._id, Released()))
            return
        self._loans[(claim.task, claim.attempt)] = claim
        found = self._begun(claim)
        if isinstance(found, Job):
            self._pool.put(found)
        else:
            now = self._clock()
            del self._loans[(claim.task, claim.attempt)]
            self._done.append(Completion(claim.task, claim.attempt, self._id, found, now, now))

    def _begun(self, claim: Claim) -> Outcome | Job:
        try:
            live = self._live(claim.task.run)
        except StorageError as error:  # its folder is on another host, and cannot be fetched
            return failed("storage", str(error))
        return begun(self._dispatcher, live, claim, self._clock())

    def _end(self, ends: dict[_Key, str]) -> None:
        """What has not started goes back; what runs gets SIGTERM, and later SIGKILL."""
        for run in {task.run for task, _ in ends.keys() & self._loans.keys()}:
            self._worker.take_back(run)
        now = time.monotonic()
        for view, sent, _ in self._pool.running():
            why = ends.get((sent.claim.task, sent.claim.attempt))
            if why is not None and not self._worker.owns(sent.claim.task.run):
                view.end_head(why, now)

    def _answer(self, more: bool) -> None:
        started, self._worker.foreign_started = self._worker.foreign_started, []
        if not (self._done or started):
            return
        done, self._done = self._done, []
        messages = [answer_message(one) for one in done] + [start_message(one) for one in started]
        ended = {one.task.run for one in done} | {one.task.run for one in started}
        room = self._pool.capacity() if more and done else 0
        last = done[-1].task.run if done else ""
        # for many at once, while there is still something to do
        if (self._pool.has_idle or room >= self._pool.in_hand) and room > 0 and last not in self._asked:
            messages.append(room_message(Room(last, self._id, room, self._labels)))
            self._asked.add(last)
        self._leave(messages, ended)

    def _leave(self, messages: list[Message], runs: Iterable[str]) -> None:
        began = time.monotonic()
        self._store.leave(messages)
        self._worker.note_cost(time.monotonic() - began)
        owners = {self._record(run).owner for run in runs}
        self._exchange.knock(owner for owner in owners if owner is not None)

    def _record(self, run: str) -> RunRecord:
        return self._runs[run].record if run in self._runs else self._store.run(run)

    def _live(self, run: str) -> LiveRun:
        if run not in self._runs:
            record = self._store.run(run)
            plan = self._store.plan(record.plan_hash, record.workflow)
            need_kinds(plan)
            inputs = RunInputs(BorrowedValues(self._store), record, plan, self._scratch, self._dispatcher.host)
            self._runs[run] = LiveRun(Adopted(record, plan, [], []), inputs)
        return self._runs[run]

    def _forget(self) -> None:
        """Runs of which it has nothing: what is kept of them may change when they are tried again."""
        needed = {task.run for task, _ in self._loans} | {done.task.run for done in self._done} | self._asked
        self._runs = {run: live for run, live in self._runs.items() if run in needed}
