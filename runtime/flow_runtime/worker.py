"""The worker: claims tasks, has their bodies run in slots, and reports how they ended, in one transaction a tick.

While a transaction is under way, answers gather in the slots' channels and go into the next one: group commit without a timer.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from flow_engine import states
from flow_engine.crash_points import reached
from flow_engine.decisions.books import Report
from flow_engine.errors import StoreError, Unreadable
from flow_engine.model import (
    Claim,
    Completion,
    Hint,
    Outcome,
    Released,
    RunRecord,
    Started,
    TaskRef,
    Tick,
)
from flow_engine.queues.memory import MemoryQueue
from flow_engine.stores.contract import Adopted, Adoption, Store
from flow_engine.stores.mail import NO_MAIL

from flow_runtime.alarms import Alarms
from flow_runtime.begin import begun
from flow_runtime.bodies import WATCH, Bodies
from flow_runtime.child_runs import ending_children, ends_with_parent
from flow_runtime.dispatch import Dispatcher
from flow_runtime.inherited import inherited
from flow_runtime.inputs import RunInputs
from flow_runtime.live_run import LiveRun
from flow_runtime.loans import NOT_LENDING, Lending
from flow_runtime.news import News
from flow_runtime.observers import Observer, Observers
from flow_runtime.processes.pool import SlotPool
from flow_runtime.processes.slot_view import Answer, Job
from flow_runtime.run_ends import run_end

MOMENT, GATHER = 0.0003, 0.25
"""Seconds between two looks at answers that come one after another, and until it tells what it has, at most."""
SPARE = 1024
"""The most claims beyond what the slots can take."""


class Worker:
    """`scratch` is the folder for what the engine itself must write while it evaluates; `clock` gives seconds since the epoch, and so does
    `wall`, by which runs are submitted. `queue` knows the labels that it has."""

    def __init__(
        self,
        store: Store,
        queue: MemoryQueue,
        pool: SlotPool,
        dispatcher: Dispatcher,
        scratch: str,
        observers: Iterable[Observer] = (),
        was_started: Callable[[str, int, int, str], bool] = lambda run, seq, attempt, worker: True,
        clock: Callable[[], float] = time.time,
        wall: Callable[[], float] | None = None,
        lender: Lending = NOT_LENDING,
    ) -> None:
        self._store = store
        self._queue = queue
        self._pool = pool
        self._id = dispatcher.incarnation
        self._scratch = scratch
        self._observers = Observers(observers)
        self._was_started = was_started
        self._clock = clock
        self._wall = wall or clock
        self._lender = lender
        self.dispatcher = dispatcher
        self._bodies = Bodies(pool, dispatcher)
        self._live: dict[str, LiveRun] = {}
        self._news = News(queue.labels)
        self._alarms = Alarms()
        self._again: float | None = None
        self._once: list[Job] = []
        """Jobs that may run once only: each is sent when its start is durable."""
        self._looked_at = 0.0
        self._draining = False
        self._spare = 0
        self._cost = 0.0
        """Seconds that a transaction takes, by the last ones."""
        self.reserved: Callable[[], int] = lambda: 0
        """Slots that it leaves free now, for what others may lend to it."""
        self.before_adopting: Callable[[], None] = lambda: None
        """Tells what it knows of tasks of others: a run that it takes over may have been one of theirs."""
        self.foreign: list[Completion] = []
        self.foreign_started: list[Started] = []
        """Of tasks whose runs it does not own."""

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
        return self._draining and not (self._pool.busy or self._news.must_be_kept or self._once)

    @property
    def at_rest(self) -> bool:
        """Nothing runs, and nothing is known that is not durable: only time can bring something."""
        return not (self._pool.busy or self._news or self._once)

    def spare(self) -> int:
        """How many bodies more could run than all that it has gives now; 0 while something of that is still to be decided."""
        due = self._queue.next_due()
        waits = due is not None and due <= self._clock()
        return 0 if waits or self._news.done or self._news.wakes else self._pool.capacity()

    def next_event(self) -> float | None:
        """When something happens next that time brings: a delay, a timer, a run's time. None: never."""
        times = [self._queue.next_due(), self._again, *self._alarms.next()]
        times += [live.deadline for live in self._live.values() if not live.cancelling]
        return min((at for at in times if at is not None), default=None)

    @property
    def live(self) -> list[str]:
        """The runs that it owns."""
        return [*self._live]

    def owns(self, run: str) -> bool:
        return run in self._live

    def watch(self, observer: Observer) -> None:
        self._observers.add(observer)

    def adopt(self, run: str) -> bool:
        """Takes the run over; False where another worker has it or it has ended. Raises UnknownRun, Unreadable."""
        found = self.adopt_all([self._store.run(run)])
        for error in found.failed.values():
            raise error
        return bool(found.taken)

    def adopt_all(self, records: Sequence[RunRecord]) -> Adoption:
        """Takes over those of these runs that are free, and their child runs. Raises Unreadable where one of those cannot be read."""
        self.before_adopting()
        found = self._store.adopt_all(self._id, records, self._clock())
        for adopted in found.taken:
            self._take_over(adopted)
        self._adopt_children(found.children)
        for adopted in found.taken:
            self._go_on(adopted)
        return found

    def _adopt_children(self, children: Sequence[tuple[str, str]]) -> None:
        for run, some in groupby(sorted(children), itemgetter(0)):
            if own := [child for _, child in some if child not in self._live]:
                self._adopt_own(run, self._store.records(own).values())

    def _adopt_own(self, run: str, children: Iterable[RunRecord | Unreadable]) -> None:
        """Raises Unreadable, with `run` in hand, which is their parent, and is left alone then (unexpected.py)."""
        troubles = [record for record in children if isinstance(record, Unreadable)]
        found = self.adopt_all([record for record in children if not isinstance(record, Unreadable)])
        for error in [*troubles, *found.failed.values()]:
            raise error.with_traceback(None)

    def _take_over(self, adopted: Adopted) -> None:
        reached("worker.adopting")
        record = adopted.record
        inputs = RunInputs(self._store, record, adopted.plan, self._scratch, self.dispatcher.host)
        self._live[record.id] = LiveRun(adopted, inputs, self._clock() - self._wall())
        self._queue.push(self._alarms.take(adopted.ready))
        left = self._lender.adopted(record.id, adopted.in_flight)
        self._news.done += inherited(*left, self._id, self._has, self._was_started)
        if record.cancel_requested_at is not None or ends_with_parent(self._store, record):
            # in the same transaction as the first claims, so that nothing of it starts
            self.cancel(record.id, record.cancel_reason or "asked")

    def _go_on(self, adopted: Adopted) -> None:
        """Once its child runs are there."""
        run = adopted.record.id
        if adopted.restless:
            self._again = self._clock()
        elif not self._live[run].cancelling and not adopted.ready and not adopted.in_flight:
            self._news.wakes += [task for task in self._store.arrivals(self._id) if task.run == run]
            self._finish_if_over(run)

    def cancel(self, run: str, reason: str = "asked") -> None:
        """Ends the main part of the run: what runs gets SIGTERM and later SIGKILL, what waits never starts. `reason`: asked, timeout."""
        live = self._live.get(run)
        if live is None or live.cancelling:
            return
        self._store.request_cancel(run, self._clock(), reason)  # so that whoever resumes after a crash cancels too
        reached("worker.cancelling")
        live.cancelling = True
        (self._news.timeouts if reason == "timeout" else self._news.cancels).append(run)
        self._end_bodies(run)

    def _end_bodies(self, run: str) -> None:
        """Of the main part, and of the child runs; what handles the end of the run is let be."""
        self.take_back(run)
        self._bodies.end(lambda claim: claim.task.run == run and self._is_main(claim))
        self._lender.end(self._live[run], "cancelled")
        for child in ending_children(self._store, self._live[run].record):
            if child in self._live:
                self.cancel(child)
            else:
                self._store.request_cancel(child, self._clock())

    def _is_ending(self, claim: Claim) -> bool:
        live = self._live.get(claim.task.run)
        return live is not None and (live.cancelling or live.stopping) and live.is_main(claim)

    def _is_main(self, claim: Claim) -> bool:
        live = self._live.get(claim.task.run)
        return live is not None and live.is_main(claim)

    def cancel_all(self) -> None:
        """A child run is ended by its parent, where it is not there to handle the parent's end."""
        for run, live in list(self._live.items()):
            if live.record.parent not in self._live:
                self.cancel(run)

    def drain(self) -> None:
        """Claims nothing more: what has not started goes back as it was, what runs may end. Then the runs are free for another."""
        self._draining = True
        for run in self._live:
            self.take_back(run)

    def _has(self, task: TaskRef, attempt: int) -> bool:
        return any((claim.task, claim.attempt) == (task, attempt) for claim in self._pool.claims())

    def take_back(self, run: str) -> None:
        """Whatever of it has not started goes back."""
        self._take(self._pool.take_back_run(run))
        self._take([Answer(job.claim, Released()) for job in self._once if job.claim.task.run == run])
        self._once = [job for job in self._once if job.claim.task.run != run]

    def step(self, patience: float | None = None) -> None:
        """One tick, and then waiting for answers, at most `patience` seconds; not after the end of a run, which somebody may wait for."""
        runs = len(self._live)
        if self._tick():
            self._pool.send()
            reached("worker.sent")
            self._take(self._pool.wait(0.0))
            return
        self._pool.send()
        reached("worker.sent")
        if len(self._live) < runs:
            return
        self._take(self._pool.rebalance())
        if not self._news.done:
            self._take(self._pool.wait(self._patience(patience)))
            self._gather()
        self._look_around()

    def _gather(self) -> None:
        """Waits until half of what the slots had is answered, but no longer than a transaction takes: one is then enough for all of that,
        and the slots have the other half to work on while it is under way. It sleeps for moments, since to be woken by each answer costs
        more than what it says."""
        end = time.monotonic() + min(self._cost, GATHER)  # one may have waited for a server that was away
        while 0 < len(self._news.done) + len(self.foreign) < self._pool.in_hand and time.monotonic() < end:
            time.sleep(MOMENT)
            self._take(self._pool.wait(0.0))

    def _tick(self) -> bool:
        """One transaction, where there is anything to do; True where the next one should follow at once."""
        now = self._clock()
        self._news.wakes += self._alarms.ring(now)
        room = 0 if self._draining else max(self._pool.capacity() - self.reserved(), 0) + self._spare
        hints = self._queue.pop(room, now) if room else []
        once, self._once = self._once, []
        started = self._newly_started(now)
        started += [Started(job.claim.task, job.claim.attempt, self._id, now, None) for job in once]
        self._news.done += self._lender.lost()
        mail = self._lender.read() if self._live else NO_MAIL
        again = self._again is not None and now >= self._again and room > 0
        if not (self._news or hints or started or any(mail) or again):
            return False
        asks = None if self._draining else self._lender.asks(mail.rooms, self._queue, now)
        report = self._news.told(self._id, mail, started, asks)
        tick = self._kept(now, report, hints, room)
        self._after(tick, report, once)
        return bool(self._news.done)

    def _newly_started(self, now: float) -> list[Started]:
        started = self._bodies.newly_started(now)
        self.foreign_started += [one for one in started if one.task.run not in self._live]
        return [one for one in started if one.task.run in self._live]

    def _kept(self, now: float, report: Report, hints: list[Hint], room: int) -> Tick:
        if report.completions:
            reached("worker.answered")
        began = time.monotonic()
        try:
            tick = self._store.tick(self._id, now, report, hints, room)
        except StoreError:
            self._news.untold(report)
            raise
        self.note_cost(time.monotonic() - began)
        return tick

    def note_cost(self, seconds: float) -> None:
        """What a transaction has taken: for so long it is worth to wait for more answers."""
        self._cost = self._cost * 0.8 + seconds * 0.2

    def _after(self, tick: Tick, report: Report, once: list[Job]) -> None:
        """What follows from a transaction."""
        self._queue.push(self._alarms.take(tick.ready))
        self._again = tick.again
        for job in once:
            reached("worker.once")
            self._pool.put(job)
        self._lender.kept(tick.lent, report.completions)
        if tick.begun:
            reached("worker.child")
            self._adopt_children([(child.parent.run, child.id) for child in tick.begun if child.parent is not None])
        for run in tick.stopping:
            self._fail_fast(run)
        self._observers.kept(tick, report.completions)
        held = len(self._news.done)
        if tick.claims:
            reached("worker.claimed")
        for claim in tick.claims:
            self._dispatch(claim)
        decided = len(self._news.done) - held
        # what is decided here needs no slot: a long row of false conditions takes few transactions
        self._spare = min(2 * decided, SPARE) if decided == len(tick.claims) else 0
        self._finish(tick.finishing)

    def _dispatch(self, claim: Claim) -> None:
        """Decides what can be decided here (conditions, lists, waits), and has the rest run."""
        live = self._live[claim.task.run]
        task = live.plan.workflow.tasks[claim.node]
        job = begun(self.dispatcher, live, claim, self._clock())
        if not isinstance(job, Job):
            self._end(claim, job)
            return
        reached("worker.sending")
        if task.phase != "main":
            reached("worker." + task.phase)
        if task.at_most_once:
            self._once.append(job)
        else:
            self._pool.put(job)

    def _fail_fast(self, run: str) -> None:
        live = self._live[run]
        if not live.stopping:
            live.stopping = True
            self._end_bodies(run)

    def _take(self, answers: Iterable[Answer]) -> None:
        live = self._live
        for done in self._bodies.completions(answers):
            (self._news.done if done.task.run in live else self.foreign).append(done)

    def _end(self, claim: Claim, outcome: Outcome) -> None:
        now = self._clock()
        self._news.done.append(Completion(claim.task, claim.attempt, self._id, outcome, now, now))

    def _finish(self, runs: Iterable[str]) -> None:
        ends = []
        for run in runs:
            live = self._live.get(run)
            if live is not None:
                ends.append(run_end(self._store, live))
        if not ends:
            return
        reached("worker.finishing")
        self._store.finish(self._id, self._clock(), ends)
        if any(self._live[end.run].record.parent for end in ends):
            self._news.wakes += self._store.arrivals(self._id)
        self._queue.drop({end.run for end in ends})
        for end in ends:
            del self._live[end.run]
            self._observers.ended(end.run)

    def _finish_if_over(self, run: str) -> None:
        """A run whose last task had ended when its worker died."""
        if all(tally.state in states.FINAL for tally in self._store.tallies(run)):
            self._finish([run])

    def _look_around(self) -> None:
        """Deadlines, and what other processes ask for."""
        now = time.monotonic()
        self._bodies.press()
        self._bodies.end(self._is_ending)  # the body before one ended just when it was told to
        for run, live in list(self._live.items()):
            if live.deadline is not None and self._clock() >= live.deadline:
                self.cancel(run, "timeout")
        if now - self._looked_at >= WATCH:
            self._looked_at = now
            for run in self._store.cancel_requests(self._id):
                self.cancel(run)
            self._news.wakes += self._store.arrivals(self._id)
        if not self._draining and self._pool.worth_sharing and not self._pool.capacity():
            self._lender.offer(self._live[run] for run in self._queue.runs(self._clock()) if run in self._live)

    def _patience(self, patience: float | None) -> float:
        """Until the next deadline, delayed task or look around, whichever is first."""
        now = time.monotonic()
        left = [WATCH if patience is None else min(patience, WATCH)]
        left += [at - now for at in self._bodies.limits()]
        if not self._draining and self._pool.capacity() > self.reserved():  # else an answer comes first, which wakes it
            left += [at - self._clock() for at in (self._queue.next_due(), self._again) if at is not None]
        left += [at - self._clock() for at in self._alarms.next()]
        left += [at - now for at in (self._pool.rebalance_due(),) if at is not None]
        if self._news.wakes:
            return 0.0
        return max(min(left), 0.0)
