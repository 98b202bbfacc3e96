"""The owner's side: what it lends, to whom, and what comes back."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from flow_engine import states
from flow_engine.model import Ask, Completion, Hint, InFlight, Lent, Lost, Room, Started, TaskRef
from flow_engine.queues.memory import MemoryQueue
from flow_engine.queues.runs import run_hint
from flow_engine.stores.contract import Store
from flow_engine.stores.mail import NO_MAIL, LoanKey, Mail, end_message
from flow_lang.plan import MAIN

from flow_runtime.lending.exchange import Exchange
from flow_runtime.live_run import LiveRun
from flow_runtime.loans import Left

LOOK, REST = 0.15, 1.0
"""Seconds between two looks into the mail without a knock: while something is lent, and else."""
OFFER_AGAIN = 0.5
"""Seconds after which runs are offered again that are offered already."""
LIVES = 2.0
"""Seconds between two looks whether those live that have borrowed."""


class Lender:
    """For the runs that `worker` owns."""

    def __init__(self, store: Store, exchange: Exchange, worker: str) -> None:
        self._store = store
        self._exchange = exchange
        self._worker = worker
        self._loans: set[LoanKey] = set()
        self._started: set[LoanKey] = set()
        self._offered: dict[str, float] = {}
        self._read_at = self._asked_at = 0.0
        self.knocked = False

    def read(self) -> Mail:
        """What has come since; empty while it is not time to look."""
        now = time.monotonic()
        if not self.knocked and now - self._read_at < (LOOK if self._loans or self._offered else REST):
            return NO_MAIL
        self.knocked, self._read_at = False, now
        mail = self._store.mail(self._worker)
        return mail._replace(started=self._news(mail))

    def asks(self, rooms: Sequence[Room], queue: MemoryQueue, now: float) -> list[Ask]:
        """Gives those who have room what this worker has left and they have the labels for. It may have asked itself, before it took the run
        over."""
        others = [room for room in rooms if room.worker != self._worker]
        return [
            Ask(hint, room.worker, room.labels) for room in others for hint in queue.pop(room.tasks, now, room.labels)
        ]

    def kept(self, lent: Sequence[Lent], ended: Iterable[Completion]) -> None:
        """What a tick has lent, and what it has taken up."""
        for done in ended if self._loans else ():
            key = LoanKey(*done.task, done.attempt, done.worker)
            self._loans.discard(key)
            self._started.discard(key)
        if lent:
            self._loans.update(LoanKey(*claim.task, claim.attempt, worker) for worker, claim in lent)
            self._exchange.knock({worker for worker, _ in lent})
            self._offered.clear()  # what is left is for the next one

    def offer(self, lives: Iterable[LiveRun]) -> None:
        """Runs of which more is ready than the slots can take."""
        now = time.monotonic()
        self._offered = {run: at for run, at in self._offered.items() if now - at < OFFER_AGAIN}
        hints: dict[str, list[Hint]] = defaultdict(list)
        for record in [live.record for live in lives if live.record.id not in self._offered]:
            hints[record.namespace].append(run_hint(record.id, record.created_at, record.priority))
            self._offered[record.id] = now
        if hints:
            self._exchange.offer(hints)

    def lost(self) -> list[Completion]:
        """Of those that have borrowed and are dead."""
        now = time.monotonic()
        if not self._loans or now - self._asked_at < LIVES:
            return []
        self._asked_at = now
        workers = {loan.worker for loan in self._loans}
        dead = workers - self._store.living(workers)
        self.knocked = self.knocked or bool(dead)  # what they have answered comes first
        return [_lost(loan) for loan in self._loans if loan.worker in dead]

    def end(self, live: LiveRun, reason: str) -> None:
        """Asks those who have tasks of the main part of this run to end them. Once that is over, all that is lent handles its end."""
        loans = [loan for loan in self._loans if loan.run == live.record.id]
        if loans and self._is_in_main_part(live):
            self._store.leave([end_message(loan, reason) for loan in loans])
            self._exchange.knock({loan.worker for loan in loans})

    def _is_in_main_part(self, live: LiveRun) -> bool:
        tasks, tallies = live.plan.workflow.tasks, self._store.tallies(live.record.id)
        return any(tasks[tally.node].phase == MAIN and tally.state not in states.FINAL for tally in tallies)

    def adopted(self, run: str, in_flight: Sequence[InFlight]) -> Left:
        """What nobody works on any more; what others have borrowed from the owner before, they go on with. What they have answered and it
        has not read is in the mail."""
        by_key = {LoanKey(*flight.task, flight.attempt, flight.worker): flight for flight in in_flight}
        loans = by_key.keys() & self._store.loans(run) if by_key else set()
        living = self._store.living({loan.worker for loan in loans} - {self._worker}) if loans else set()
        answers = self._store.mail(self._worker).answers if loans else []
        answered = {LoanKey(*one.task, one.attempt, one.worker) for one in answers}
        goes_on = {loan for loan in loans if loan.worker in living or loan in answered}
        self._loans |= goes_on
        self.knocked = self.knocked or bool(goes_on)
        left = {key: flight for key, flight in by_key.items() if key not in goes_on}
        return Left([*left.values()], [flight for key, flight in left.items() if key in loans])

    def _news(self, mail: Mail) -> list[Started]:
        keyed = {LoanKey(*one.task, one.attempt, one.worker): one for one in mail.started}
        fresh = [one for key, one in keyed.items() if key in self._loans and key not in self._started]
        self._started.update(key for key in keyed if key in self._loans)
        return fresh


def _lost(loan: LoanKey) -> Completion:
    why = f"worker {loan.worker} died while it had attempt {loan.attempt}"
    return Completion(TaskRef(loan.run, loan.seq), loan.attempt, loan.worker, Lost(why))
