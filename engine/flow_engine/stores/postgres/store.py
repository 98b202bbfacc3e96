"""The PostgreSQL store: the live graphs of the runs that a worker owns, and a transaction around each tick.

Whoever changes a run or its tasks locks the row of the run first, several in the order of their numbers; then come the locks of gates, and
then rows of tasks. So no two transactions of workers wait for each other in a circle.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence

import psycopg

from flow_engine.chance import draw
from flow_engine.dead_letters.contract import Replay
from flow_engine.decisions.books import Books, Report
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import reopened, void_answers
from flow_engine.decisions.restore import restore
from flow_engine.errors import LostOwnership, OtherVersion, Refused, UnknownRun, Unreadable
from flow_engine.model import Hint, NewRun, RunEnd, RunRecord, Signal, TaskRecord, Tick
from flow_engine.queues.runs import run_hint
from flow_engine.states import BLOCKED, CANCELLED, FAILED, QUEUED
from flow_engine.stores.contract import Adopted, Submitted
from flow_engine.stores.letters import chosen, overrides_of, refuse_answered
from flow_engine.stores.live import lost_run, submitted_before
from flow_engine.stores.mail import Message
from flow_engine.stores.pools import need_pools
from flow_engine.stores.postgres.address import shown
from flow_engine.stores.postgres.arrivals import Arrival, run_row
from flow_engine.stores.postgres.decided import Decided
from flow_engine.stores.postgres.leases import Leases, asked_one_by_one
from flow_engine.stores.postgres.letters import PostgresLetters
from flow_engine.stores.postgres.removal import PostgresRemoval
from flow_engine.stores.postgres.schedules import PostgresSchedules
from flow_engine.stores.postgres.schema import FOLDER
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.source import PostgresSource
from flow_engine.stores.postgres.statements import Noted, PostgresStatements
from flow_engine.stores.postgres.transaction import Row, Transaction
from flow_engine.stores.postgres.usage import Needs, PostgresUsage, needs_of
from flow_engine.stores.queries import known_version, load
from flow_engine.stores.shared import LEASE, PATIENCE
from flow_engine.stores.writes import Writer


class PostgresStore(PostgresSchedules):
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
        super().__init__(Session(url, queries, patience), queries, Books(draw))
        self.announce: Callable[[str, list[Hint]], object] = _to_nobody
        self._leases = Leases(self._session, queries, lease)
        self._living = self._leases.living if alive is None else asked_one_by_one(alive)
        self._statements = PostgresStatements(queries)
        self._writer = Writer(self._statements)
        self._usage = PostgresUsage(self._session.rows, queries, self._living)
        self._needs: dict[int, Needs] = {}

    def submit(self, new: NewRun) -> Submitted:
        return self.submit_all([new])[0]

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        """Three round trips, however many they are."""
        fresh: list[tuple[NewRun, Arrival]] = []

        def job(transaction: Transaction) -> list[Submitted]:
            self._statements.take()
            known = self._known(news, transaction)
            fresh[:] = self._begin([new for at, new in enumerate(news) if at not in known], transaction)
            self._tell(self._statements.take(), transaction)
            return [known.get(at) or Submitted(new.id, True) for at, new in enumerate(news)]

        submitted = self._session.write("submit", job)
        for new, arrival in fresh:
            self._numbers[new.id] = arrival.no
            if new.owner is not None and not new.rows:
                self._books.open(arrival.graph, new.priority, self._usage)
        self._announce([new for new, _ in fresh if new.owner is None])
        return submitted

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        submitted = super().fire(schedule, instant, new, backfill)
        self._announce([new] if submitted is not None and submitted.created else [])
        return submitted

    def _announce(self, news: Sequence[NewRun | RunRecord]) -> None:
        """Once they are kept."""
        hints: dict[str, list[Hint]] = {}
        for new in news:
            hints.setdefault(new.namespace, []).append(run_hint(new.id, new.created_at, new.priority))
        for namespace, some in hints.items():
            self.announce(namespace, some)

    def adopt(self, worker: str, run: str, now: float) -> Adopted | None:
        record = self.run(run)
        no = self._no(record.id)
        if record.finished_at is not None or self._is_anothers(record.owner, worker):
            return None
        plan = self.plan(record.plan_hash, record.workflow)
        if record.owner == worker and record.id in self._books:
            return self._seen_again(record, plan, now)
        taken = self._session.write("adopt", lambda transaction: self._take(worker, no, record.owner, transaction))
        if taken is None:
            return None
        try:
            return self._opened(taken[0], plan, taken[1], self._usage, now)
        except Unreadable:
            self._ask_once("adopt", "take", (record.owner, no, worker))  # as it was, for who can read it
            raise

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
        """Two round trips; a third one where others hold slots of a gate or a child run begins. Where the server goes away in the middle,
        what was decided is written once it is back."""
        touched = self._books.touched(report, hints)
        decided: list[Decided] = []
        claims = bool(hints or want or report.wakes or report.asks)

        def job(transaction: Transaction) -> Tick:
            lost = self._lock(worker, touched, self._needs_of(touched) if claims else Needs(), transaction)
            if decided:
                self._refuse_stale(decided[0], lost)
            else:
                for run in lost:
                    self._books.close(run)
                decided.append(self._decide(worker, now, report, hints, want))
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
        for end in ends:
            self._books.close(end.run)

    def owned(self, worker: str) -> set[str]:
        """The runs that this worker owns."""
        return {row[0] for row in self._all("runs_of", (worker,))}

    def living(self, workers: Collection[str]) -> set[str]:
        return self._living(workers)

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

    def _ask_once(self, name: str, query: str, values: Row) -> list[Row]:
        """The answer of one statement that writes, once it is kept."""
        return self._session.write_one(name, self._queries[query], values)

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence[Replay] = ()) -> int:
        id_ = self.run(run).id

        def job(transaction: Transaction) -> int:
            _, letters, (found,), tasks = transaction.ask(
                (self._queries["lock_run"], (id_,)),
                (self._queries["answered_letters"], (id_, json.dumps(chosen(replays) or []))),
                *self._whole_run(self._no(id_)),
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

    def set_pool(self, name: str, slots: int) -> None:
        self._session.write("pool", lambda transaction: transaction.tell(self._queries["set_pool"], (name, slots)))

    # -- taking a run over

    def _is_anothers(self, owner: str | None, worker: str) -> bool:
        return owner is not None and owner != worker and bool(self._living({owner}))

    def _take(
        self, worker: str, no: int, owner: str | None, transaction: Transaction
    ) -> tuple[RunRecord, list[TaskRecord]] | None:
        """The run and its rows, as they are from now on."""
        version, taken, found, tasks, lists = transaction.ask(
            (self._queries["schema_version"], ()),
            (self._queries["take"], (worker, no, owner)),
            *self._whole_run(no),
            (self._queries["lists"], (no,)),
            writes=True,
        )
        self._refuse_upgraded(*version[0])
        if not taken:
            return None
        items: dict[int, str] = dict(lists)
        rows = [TaskRecord(*row) for row in tasks]
        return self._run_record(found[0]), [row._replace(item=items.get(row.seq)) for row in rows]

    def _whole_run(self, no: int) -> list[tuple[str, tuple[int]]]:
        run, task = self._queries["run_columns"], self._queries["bare_task_columns"]
        return [(f"{run} WHERE no = ?", (no,)), (f"{task} WHERE run = ? ORDER BY seq", (no,))]

    def _refuse_upgraded(self, version: int, readable_by: int) -> None:
        """Another process may have upgraded the state since this one opened it."""
        known = known_version(FOLDER)
        if known < readable_by:
            raise OtherVersion(
                f"the state {shown(self._session.url)} was upgraded to version {version} while this process, which knows {known}, "
                "had it open: start the newer Flow in its place"
            )

    # -- a tick

    def _needs_of(self, runs: Iterable[str]) -> Needs:
        found = Needs()
        for shape in {id(graph.shape): graph.shape for graph in self._graphs(runs)}.values():
            if id(shape) not in self._needs:  # all shapes are kept
                self._needs[id(shape)] = needs_of([shape.workflow])
            found |= self._needs[id(shape)]
        return found

    def _graphs(self, runs: Iterable[str]) -> list[RunGraph]:
        return [self._books.graph(run) for run in runs if run in self._books]

    def _lock(self, worker: str, touched: Iterable[str], needs: Needs, transaction: Transaction) -> list[str]:
        """Locks what the tick may change, and counts what others hold; the runs that the worker owns no more."""
        numbers = {self._no(run): run for run in touched if run in self._books}
        questions = [(self._queries["locked"], (sorted(numbers), worker))]
        self._usage.clear()
        if needs == Needs():
            (owned,) = transaction.ask(*questions)
        else:
            lock = (self._queries["lock"], (needs.locks(),))
            owned, _, *answers = transaction.ask(*questions, lock, *self._usage.questions(needs))
            self._usage.count(needs, answers)
        return [numbers[no] for no in numbers.keys() - {no for (no,) in owned}]

    def _decide(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Decided:
        """Asks the server nothing, since the graphs have changed from now on: it is done once, whatever becomes of the transaction."""
        counted = self._usage.counted()
        try:
            tick, notes = self._books.tick(worker, now, report, hints, want, self._usage)
        except psycopg.Error as error:
            raise LostOwnership("the server went away while a tick was decided") from error
        self._statements.take()
        self._writer.write([(self._no(note.graph.run), note) for note in notes], now)
        self._write_mail(worker, report, tick)
        rates = self._usage.new_rates()
        if rates:
            self._statements.many("set_rate", rates)
        return Decided(tick, notes, self._statements.take(), counted)

    def _begun(self, tick: Tick, transaction: Transaction) -> Noted:
        """The child runs that begin with a tick. With each attempt to write it they get other numbers."""
        self._statements.take()
        for child, arrival in self._begin(tick.begun, transaction):
            self._numbers[child.id] = arrival.no
            self._books.open(arrival.graph, child.priority, self._usage)
        return self._statements.take()

    def _refuse_stale(self, decided: Decided, lost: Sequence[str]) -> None:
        """What was decided before the server went away may be written where nobody has changed what it was decided on."""
        taken = [note.graph.run for note in decided.notes if note.graph.run in lost]
        if taken:
            raise lost_run(taken[0])
        if self._usage.counted() != decided.counted:
            raise LostOwnership("while the server was away, others took slots that this worker was about to take")

    def _tell(self, statements: Noted, transaction: Transaction) -> None:
        for sql, values in statements:
            transaction.tell(sql, values)

    # -- new runs

    def _known(self, news: Sequence[NewRun], transaction: Transaction) -> dict[int, Submitted]:
        """By their places, those whose keys belong to runs, in the state or before them in the list."""
        keyed = [(at, new, (new.namespace, new.idempotency_key)) for at, new in enumerate(news)]
        keyed = [(at, new, key) for at, new, key in keyed if key[1] is not None]
        if not keyed:
            return {}
        names, keys = map(list, zip(*(key for _, _, key in keyed), strict=True))
        (rows,) = transaction.ask((self._queries["runs_by_key"], (names, keys)))
        by_key = {(namespace, key): tuple(rest) for namespace, key, *rest in rows}
        known = {}
        for at, new, key in keyed:
            if key in by_key:
                known[at] = submitted_before(new, *by_key[key])
            else:
                by_key[key] = (new.id, new.plan_hash, json.dumps(new.params))
        return known

    def _keep(self, new: NewRun, transaction: Transaction) -> None:
        self._statements.take()
        self._begin([new], transaction)
        self._tell(self._statements.take(), transaction)

    def _begin(self, news: Sequence[NewRun], transaction: Transaction) -> list[tuple[NewRun, Arrival]]:
        """Notes new runs and their tasks, after one round trip."""
        if not news:
            return []
        hashes, pools = (
            sorted({new.plan_hash for new in news}),
            sorted(needs_of(new.plan.workflow for new in news).pools),
        )
        version, plans, numbers, sizes = transaction.ask(
            (self._queries["schema_version"], ()),
            (self._queries["known_plans"], (hashes,)),
            (self._queries["numbers"], (len(news),)),
            (self._queries["pool_sizes"], (pools,)),
        )
        self._refuse_upgraded(*version[0])
        self._usage.sized(pools, sizes)
        missing = {new.plan_hash: new for new in news if (new.plan_hash,) not in plans}
        for digest, new in sorted(missing.items()):
            self._statements.one("keep_plan", (digest, new.namespace, new.plan.entry, new.bundle, new.created_at))
        self._statements.many("insert_run", [run_row(no, new) for (no,), new in zip(numbers, news, strict=True)])
        return [(new, self._begin_one(no, new)) for (no,), new in zip(numbers, news, strict=True)]

    def _begin_one(self, no: int, new: NewRun) -> Arrival:
        need_pools(new.plan, self._usage)
        shape, now = self._shape(new.plan_hash, new.plan), new.created_at
        if not new.rows:
            graph = RunGraph(new.id, shape)
            graph.start(now)
            self._writer.insert_tasks(no, graph, now)
            return Arrival(no, graph)
        # removed in the meantime, it has left no files for what is taken over
        if new.based_on is not None and not self._all("lock_based_on", (new.based_on,)):
            raise UnknownRun(new.based_on)
        graph = restore(new.id, shape, new.rows, "", now)
        self._writer.take_over(no, graph, new.rows, now)
        return Arrival(no, graph)


def _to_nobody(namespace: str, hints: list[Hint]) -> None:
    """There is no queue."""
