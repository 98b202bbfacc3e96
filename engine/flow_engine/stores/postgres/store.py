"""The PostgreSQL store: the live graphs of the runs that a worker owns, and a transaction around each tick.

Whoever changes a run or its tasks locks the row of the run first, several in the order of their numbers; then come the locks of gates, and
then rows of tasks. So no two transactions of workers wait for each other in a circle.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence

from flow_engine.chance import draw
from flow_engine.dead_letters.contract import Replay
from flow_engine.decisions.books import Books, Report
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import reopened, void_answers
from flow_engine.decisions.shape import Shape
from flow_engine.errors import LostOwnership, Refused
from flow_engine.model import Hint, RunEnd, Signal, TaskRecord, Tick, WorkerRecord
from flow_engine.states import BLOCKED, CANCELLED, FAILED, QUEUED
from flow_engine.stores.letters import chosen, overrides_of, refuse_answered
from flow_engine.stores.live import lost_run
from flow_engine.stores.mail import Message
from flow_engine.stores.postgres.access import PostgresAccess
from flow_engine.stores.postgres.adoption import PostgresAdoption
from flow_engine.stores.postgres.decided import Decided
from flow_engine.stores.postgres.leases import Leases, asked_one_by_one
from flow_engine.stores.postgres.letters import PostgresLetters
from flow_engine.stores.postgres.removal import PostgresRemoval
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.source import PostgresSource
from flow_engine.stores.postgres.statements import Noted
from flow_engine.stores.postgres.transaction import Transaction
from flow_engine.stores.postgres.usage import Needs, needs_of
from flow_engine.stores.queries import load
from flow_engine.stores.reads import readable
from flow_engine.stores.shared import LEASE, PATIENCE


class PostgresStore(PostgresAdoption):
    """One handle: one connection, used by one thread at a time. `alive` tells whether a worker's incarnation still lives; without it, its
    heartbeats do (`leases`). `patience`: seconds that an operation waits for a server that is gone."""

    def __init__(
        self,
        url: str,
        alive: Callable[[str], bool] | None = None,
        draw: Callable[[], float] = draw,
        patience: float = PATIENCE,
        lease: float = LEASE,
    ) -> None:
        queries = load("common.sql", "postgres.sql")
        session = Session(url, queries, patience)
        self._leases = Leases(session, queries, lease)
        living = self._leases.living if alive is None else asked_one_by_one(alive)
        super().__init__(session, queries, Books(draw), living)
        self._needs: dict[int, tuple[Shape, Needs]] = {}
        """By the identity of a shape, which is kept beside so that it names no other."""

    def abandon(self, worker: str) -> bool:
        def job(transaction: Transaction) -> bool:
            queries = self._queries
            _, owns = transaction.ask((queries["abandon"], (worker,)), (queries["owns"], (worker,)), writes=True)
            return not owns

        return self._session.write("abandon", job)

    def unowned(self, limit: int) -> list[str]:
        owners = self.owners()
        dead = sorted(owners - self._living(owners))
        return [row[0] for row in self._all("unowned", (dead, limit))]

    def owners(self) -> set[str]:
        return {row[0] for row in self._all("owners", ())}

    def tick(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Tick:
        """One round trip, which the server refuses where a run is not this worker's any more. Behind a gate there is one before it, for what
        others hold, and where a child run begins. Where the server goes away in the middle, what was decided is written once it is back."""
        touched = self._books.touched(report, hints)
        claims = bool(hints or want or report.wakes or report.asks or report.spare)
        needs = self._needs_of(touched) if claims else Needs()
        held = {run for run in touched if run in self._books}
        try:
            return self._ticked(worker, now, report, hints, want, touched, needs)
        except LostOwnership:
            owned = {row[0] for row in self._all("owned_of", (sorted(held), worker))}
            if owned == held:
                raise
        for run in owned:
            self._read_again(run, now)
        return self._ticked(worker, now, report, hints, want, touched, needs)

    def _ticked(
        self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int, touched: set[str], needs: Needs
    ) -> Tick:
        decided: list[Decided] = []
        begun = False

        def job(transaction: Transaction) -> Tick:
            nonlocal begun
            self._usage.clear()
            lost = self._lock(worker, touched, needs, transaction) if needs != Needs() else []
            if not begun:
                begun = True  # once: the graphs have changed from now on, whatever becomes of the transaction
                for run in lost:
                    self._books.close(run)
                decided.append(self._decide(worker, now, report, hints, want))
            elif not decided:
                raise LostOwnership("the server went away while it was decided what is to start")
            elif self._usage.counted() != decided[0].counted:
                raise LostOwnership("while the server was away, others took slots that this worker was about to take")
            self._tell(decided[0].fence, transaction)
            self._tell(self._begun(decided[0].tick, transaction), transaction)
            self._tell(decided[0].statements, transaction)
            return decided[0].tick

        try:
            tick = self._session.write("tick", job)
        except BaseException:
            for run in touched.union(child.id for one in decided for child in one.tick.begun):
                self._books.close(run)
            raise
        self._remember(decided[0].notes)
        return tick

    def finish(self, worker: str, now: float, ends: Sequence[RunEnd]) -> None:
        """One round trip."""
        lost = [end.run for end in ends if end.run not in self._books]
        if lost:
            raise lost_run(lost[0])
        if not ends:
            return
        ended = [(self._no(end.run), self._state_at(end), end) for end in ends]
        self._statements.take()
        self._writer.finish([(state, end.result, end.error, now, no, worker) for no, state, end in ended])
        self._writer.tell([(no, now, json.dumps([["run", state]])) for no, state, _ in ended])
        statements = self._statements.take()
        self._session.write("finish", lambda transaction: self._tell(statements, transaction))
        self._forget(end.run for end in ends)

    def owned(self, worker: str) -> set[str]:
        """The runs that this worker owns."""
        return {row[0] for row in self._all("runs_of", (worker,))}

    def living(self, workers: Collection[str]) -> set[str]:
        return self._living(workers)

    def workers(self) -> list[WorkerRecord]:
        living = self._leases.workers()
        others = self.owners() - {one.worker for one in living}
        return sorted([*living, *map(WorkerRecord, others)])

    def has_labels(self, labels: Collection[str]) -> bool | None:
        return any({*one.labels}.issuperset(labels) for one in self._leases.workers())

    def wanted(self, labels: Collection[str], limit: int) -> list[str]:
        """One round trip while nothing waits for any of these labels."""
        fits = [needs for (needs,) in self._all("wanted_labels", ()) if {*labels}.issuperset(json.loads(needs))]
        return [run for (run,) in self._all("wanted_runs", (fits, limit))] if fits else []

    def leave(self, messages: Sequence[Message]) -> None:
        """One round trip."""
        rows = self._message_rows(messages)
        self._statements.take()
        self._writer.leave(rows)
        statements = self._statements.take()
        self._session.write("mail", lambda transaction: self._tell(statements, transaction))

    def request_cancel(self, run: str, now: float, reason: str = "asked") -> bool:
        no = self._no(self.run(run).id)
        return bool(self._ask_once("cancel", "request_cancel", (now, reason, no)))

    def send(self, run: str, signal: Signal) -> None:
        record = self.run(run)
        awaited = json.dumps([signal.kind, signal.name])[:-1] + ","
        if not self._ask_once("signal", "send_signal", (self._no(record.id), awaited, *signal)):
            raise Refused(f"run {record.id} has ended; nothing of it waits any more")

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence[Replay] = ()) -> int:
        id_ = self.run(run).id

        def job(transaction: Transaction) -> int:
            _, letters, (found,), tasks = transaction.ask(
                (self._queries["lock_run"], (id_,)),
                (self._queries["answered_letters"], (id_, json.dumps(chosen(replays) or []))),
                (f"{self._queries['run_columns']} WHERE id = ?", (id_,)),
                (f"{self._queries['bare_task_columns']} WHERE run = ? ORDER BY seq", (self._no(id_),)),
            )
            refuse_answered(replays, {(seq, attempt): (at, dropped) for seq, attempt, at, dropped in letters})
            record, rows = self._run_record(found), [TaskRecord(*row) for row in tasks]
            shape = self._shape(record.plan_hash, self.plan(record.plan_hash, record.workflow))
            changes = reopened(shape, rows, chosen(replays))
            if not changes or record.state not in (FAILED, CANCELLED):
                return 0
            no = self._no(id_)
            self._statements.take()
            self._writer.reopen(no, changes)
            self._statements.one("reopen_run", (owner, now, no))
            for key in void_answers(shape, rows, changes):
                self._statements.one("void_answer", (no, key))
            self._writer.replay(id_, no, changes, overrides_of(replays, rows), now)
            self._writer.tell([(no, now, json.dumps([["run", QUEUED]]))])
            self._tell(self._statements.take(), transaction)
            return sum(change.state == BLOCKED for change in changes)

        count = self._session.write("reopen", job)
        self._recent.forget(id_)
        self._announce([self.run(id_)] if count and owner is None else [])
        return count

    @property
    def removal(self) -> PostgresRemoval:
        return PostgresRemoval(self._session)

    @property
    def leases(self) -> Leases:
        return self._leases

    @property
    def source(self) -> PostgresSource:
        """For the queue that workers on many hosts share."""
        return PostgresSource(self._session, self._queries, self.owners, self._living)

    @property
    def letters(self) -> PostgresLetters:
        return PostgresLetters(self._session, self._queries, self.plan)

    @property
    def access(self) -> PostgresAccess:
        return PostgresAccess(self._session)

    def set_pool(self, name: str, slots: int) -> None:
        self._session.write("pool", lambda transaction: transaction.tell(self._queries["set_pool"], (name, slots)))

    # -- a tick

    def _needs_of(self, runs: Iterable[str]) -> Needs:
        found = Needs()
        for shape in {id(graph.shape): graph.shape for graph in self._graphs(runs)}.values():
            if id(shape) not in self._needs:
                self._needs[id(shape)] = (shape, needs_of([shape.workflow]))
            found |= self._needs[id(shape)][1]
        return found

    def _drop_plans(self) -> None:
        super()._drop_plans()
        self._needs.clear()

    def _graphs(self, runs: Iterable[str]) -> list[RunGraph]:
        return [self._books.graph(run) for run in runs if run in self._books]

    def _lock(self, worker: str, touched: Iterable[str], needs: Needs, transaction: Transaction) -> list[str]:
        """Locks what the tick may change, and counts what others hold; the runs that the worker owns no more."""
        numbers = {self._no(run): run for run in touched if run in self._books}
        owned, _, *answers = transaction.ask(
            (self._queries["locked"], (sorted(numbers), worker)),
            (self._queries["lock"], (needs.locks(),)),
            *self._usage.questions(needs),
        )
        self._usage.count(needs, answers)
        return [numbers[no] for no in numbers.keys() - {no for (no,) in owned}]

    def _read_again(self, run: str, now: float) -> None:
        """What was decided of it was not kept; what had been held back, and was to start with it, is not held back any more."""
        record = self.run(run)
        plan, rows = self.plan(record.plan_hash, record.workflow), self._tasks_to_restore(run)
        with readable(f"run {run}"):
            self._in_books(record, plan, rows, self._usage, now)
            self._books.stir(run)

    def _decide(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Decided:
        """Asks the server nothing."""
        counted = self._usage.counted()
        tick, notes = self._books.tick(worker, now, report, hints, want, self._usage)
        fence = (self._queries["own"], (sorted(self._no(note.graph.run) for note in notes), worker))
        self._statements.take()
        self._writer.write([(self._no(note.graph.run), note) for note in notes], now)
        self._write_mail(worker, report, tick)
        rates = self._usage.new_rates()
        if rates:
            self._statements.many("set_rate", rates)
        statements = self._statements.take()
        fenced = statements or tick.finishing  # nothing may be left to write of a run of which the end is told
        return Decided(tick, notes, [fence] if fenced else [], statements, counted)

    def _begun(self, tick: Tick, transaction: Transaction) -> Noted:
        """The child runs that begin with a tick. With each attempt to write it they get other numbers."""
        self._statements.take()
        for child, arrival in self._begin(tick.begun, transaction):
            self._keep_number(child.id, arrival.no)
            self._books.open(arrival.graph, child.priority, self._usage)
        return self._statements.take()
