"""The SQLite store: the live graphs of the runs that this process owns, and a transaction around each tick."""

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from flow_engine.chance import draw
from flow_engine.decisions.books import Books, Notes, Report
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import reopened, void_answers
from flow_engine.decisions.restore import restore
from flow_engine.errors import Refused, Unreadable
from flow_engine.ids import shard_of
from flow_engine.model import Hint, NewRun, RunEnd, RunRecord, Signal, Tick, WorkerRecord
from flow_engine.states import BLOCKED
from flow_engine.stores.adoption import one_by_one
from flow_engine.stores.contract import Adopted, Adoption, Submitted
from flow_engine.stores.live import lost_run, submitted_before
from flow_engine.stores.mail import Message
from flow_engine.stores.outcomes import gathered
from flow_engine.stores.pools import need_pools
from flow_engine.stores.queries import load
from flow_engine.stores.sqlite.connection import SqliteStatements, connect, refuse_upgraded
from flow_engine.stores.sqlite.reads import reading
from flow_engine.stores.sqlite.schedules import SqliteSchedules
from flow_engine.stores.sqlite.usage import SqliteUsage
from flow_engine.stores.writes import Writer

if TYPE_CHECKING:
    from flow_engine.dead_letters.contract import Replay
    from flow_engine.stores.sqlite.access import SqliteAccess
    from flow_engine.stores.sqlite.letters import SqliteLetters
    from flow_engine.stores.sqlite.removal import SqliteRemoval


class SqliteStore(SqliteSchedules):
    """`alive` tells whether a worker's incarnation still lives; without it, every other worker counts as alive."""

    def __init__(
        self,
        path: str,
        alive: Callable[[str], bool] = lambda incarnation: True,
        draw: Callable[[], float] = draw,
    ) -> None:
        queries = load("common.sql", "sqlite.sql")
        super().__init__(connect(path, alive), queries, Books(draw))
        self._alive = alive
        self._writer = Writer(SqliteStatements(self._connection, queries))
        self._usage = SqliteUsage(self._connection, queries, alive)

    def submit(self, new: NewRun) -> Submitted:
        return self.submit_all([new])[0]

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        submitted, begun = [], []
        with self._writing("submit"):
            for new in news:
                known = self._known(new)
                submitted.append(known or Submitted(new.id, True))
                if known is None:
                    self._keep_plan(new)
                    begun.append((new, self._begin(new)))
        for new, graph in begun:
            self._kept.add(new.plan_hash)  # only now it is in the state for certain
            if new.owner is not None and not new.rows:
                self._books.open(graph, new.priority, self._usage)
        return submitted

    def _known(self, new: NewRun) -> Submitted | None:
        """The run that was submitted with the same key."""
        if new.idempotency_key is None:
            return None
        known = self._one("run_by_key", (new.namespace, new.idempotency_key))
        return None if known is None else submitted_before(new, *known)

    def adopt(self, worker: str, run: str, now: float) -> Adopted | None:
        record = self.run(run)
        no = self._no(record.id)
        if record.finished_at is not None or (record.owner not in (None, worker) and self._alive(record.owner or "")):
            return None
        plan = self.plan(record.plan_hash, record.workflow)
        if record.owner == worker and record.id in self._books:
            return self._seen_again(record, plan, now)
        before = record.owner
        with self._writing("adopt"):
            refuse_upgraded(self._connection)
            if self._execute("take", (worker, no, before)).rowcount == 0:
                return None
            record = self.run(record.id)  # another may have had it meanwhile, and begun it or asked for its end
            rows = self._tasks_to_restore(record.id)
        try:
            return self._opened(record, plan, rows, self._usage, now)
        except Unreadable:
            with self._writing("adopt"):  # as it was, for who can read it
                self._execute("take", (before, no, worker))
            raise

    def adopt_all(self, worker: str, records: Sequence[RunRecord], now: float) -> Adoption:
        return one_by_one(lambda run: self.adopt(worker, run, now), self.children, records)

    def abandon(self, worker: str) -> bool:
        with self._writing("abandon"):
            self._execute("abandon", (worker,))
            return self._one("owns", (worker,)) is None

    def unowned(self, limit: int) -> list[str]:
        """However many others own come first: it looks on until it has found so many, or none are left."""
        found: list[str] = []
        living: dict[str, bool] = {}
        with closing(self._execute("unfinished", ())) as rows, reading(self._connection):
            for run, owner in rows:
                if owner is not None and owner not in living:
                    living[owner] = self._alive(owner)
                if owner is None or not living[owner]:
                    found.append(run)
                    if len(found) >= limit:
                        break
        return found

    def owners(self) -> set[str]:
        return {row[0] for row in self._all("owners", ())}

    def tick(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Tick:
        notes: list[Notes] = []
        touched = self._books.touched(report, hints)
        try:
            with self._writing("tick"):
                for run in self._lost(worker, [run for run in touched if run in self._books]):
                    self._books.close(run)
                tick, notes = self._books.tick(worker, now, report, hints, want, self._usage)
                for child in tick.begun:
                    touched.add(child.id)
                    self._books.open(self._begin(child), child.priority, self._usage)
                self._writer.write([(self._no(note.graph.run), note) for note in notes], now)
                self._write_mail(worker, report, tick)
        except BaseException:
            for run in touched:
                self._books.close(run)
            raise
        self._remember(notes)
        return tick

    def finish(self, worker: str, now: float, ends: Sequence[RunEnd]) -> None:
        with self._writing("finish"):
            runs = [end.run for end in ends]
            lost = [run for run in runs if run not in self._books] or self._lost(worker, runs)
            if lost:
                raise lost_run(lost[0])
            ended = [(self._no(end.run), self._state_at(end), end) for end in ends]
            self._writer.finish([(state, end.result, end.error, now, no, worker) for no, state, end in ended])
            self._writer.tell([(no, now, json.dumps([["run", state]])) for no, state, _ in ended])
        self._forget(end.run for end in ends)

    def living(self, workers: Collection[str]) -> set[str]:
        return {worker for worker in workers if self._alive(worker)}

    def workers(self) -> list[WorkerRecord]:
        return [WorkerRecord(worker) for worker in sorted(self.owners())]

    def has_labels(self, labels: Collection[str]) -> bool | None:
        return None

    def leave(self, messages: Sequence[Message]) -> None:
        with self._writing("mail"):
            self._writer.leave(self._message_rows(messages))

    def request_cancel(self, run: str, now: float, reason: str = "asked") -> bool:
        record = self.run(run)
        with self._writing("cancel"):
            return bool(self._execute("request_cancel", (now, reason, self._no(record.id))).rowcount)

    def send(self, run: str, signal: Signal) -> None:
        record = self.run(run)
        with self._writing("signal"):
            if self.run(record.id).finished_at is not None:
                raise Refused(f"run {record.id} has ended; nothing of it waits any more")
            self._execute("send_signal", (self._no(record.id), *signal))

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence["Replay"] = ()) -> int:
        from flow_engine.stores.letters import chosen, overrides_of

        with self._writing("reopen"):
            record = self.run(run)
            no, plan = self._no(record.id), self.plan(record.plan_hash, record.workflow)
            shape, rows = self._shape(record.plan_hash, plan), self._all_tasks(record.id)
            self._refuse_answered(record.id, replays)
            changes = reopened(shape, rows, chosen(replays))
            if not changes or not self._execute("reopen_run", (owner, now, no)).rowcount:
                return 0
            self._writer.reopen(no, changes)
            for key in void_answers(shape, rows, changes):
                self._execute("void_answer", (no, key))
            self._writer.replay(record.id, no, changes, overrides_of(replays, rows), now)
            self._execute("insert_event", (no, now, json.dumps([["run", "queued"]])))
            self._recent.forget(record.id)
            return sum(change.state == BLOCKED for change in changes)

    def _refuse_answered(self, run: str, replays: Sequence["Replay"]) -> None:
        if replays:
            from flow_engine.stores.letters import chosen, refuse_answered

            rows = self._all("answered_letters", (run, json.dumps(chosen(replays))))
            refuse_answered(replays, {(seq, attempt): (at, dropped) for seq, attempt, at, dropped in rows})

    def set_pool(self, name: str, slots: int) -> None:
        with self._writing("pool"):
            self._execute("set_pool", (name, slots))

    @property
    def removal(self) -> "SqliteRemoval":
        """The removal of old runs. The caller forgets what it has read of them."""
        from flow_engine.stores.sqlite.removal import SqliteRemoval

        return SqliteRemoval(self._connection)

    @property
    def letters(self) -> "SqliteLetters":
        from flow_engine.stores.sqlite.letters import SqliteLetters

        return SqliteLetters(self._connection, self.plan)

    @property
    def access(self) -> "SqliteAccess":
        from flow_engine.stores.sqlite.access import SqliteAccess

        return SqliteAccess(self._connection)

    def gather(self, run: str, node: int, most: int | None = None) -> list[str]:
        first, size = self._span(run, node)
        rows = self._execute("gather", (self._no(run), first, first + max(size, 0)))
        return gathered((row[0] for row in rows), most)

    def _keep(self, new: NewRun) -> None:
        self._keep_plan(new)
        self._begin(new)

    def _begin(self, new: NewRun) -> RunGraph:
        """Writes a new run and its tasks, inside of a transaction."""
        refuse_upgraded(self._connection)
        need_pools(new.plan, self._usage)
        shape, now = self._shape(new.plan_hash, new.plan), new.created_at
        if new.rows:
            if new.based_on is not None:
                self.run(new.based_on)  # removed in the meantime, it has left no files for what is taken over
            graph = restore(new.id, shape, new.rows, "", now)
            self._writer.take_over(self._insert_run(new), graph, new.rows, now)
            return graph
        graph = RunGraph(new.id, shape)
        graph.start(now, new.due)
        self._writer.insert_tasks(self._insert_run(new), graph, now)
        return graph

    def _keep_plan(self, new: NewRun) -> None:
        # what was there may have been removed with the last run of it
        if new.plan_hash not in self._kept or self._one("has_plan", (new.plan_hash,)) is None:
            self._execute("keep_plan", (new.plan_hash, new.namespace, new.plan.entry, new.bundle, new.created_at))

    def _insert_run(self, new: NewRun) -> int:
        shard = shard_of(new.id)
        params, labels = json.dumps(new.params), json.dumps(new.labels)
        values = (new.id, new.namespace, shard, new.plan_hash, new.plan.entry, params, new.folder, new.priority, labels)
        rest = (
            new.idempotency_key,
            new.owner,
            new.created_at,
            *(new.parent or (None, None)),
            new.based_on,
            new.starts_at,
        )
        no = self._execute("insert_run", (*values, *rest)).lastrowid or 0
        self._keep_number(new.id, no)
        return no

    def _lost(self, worker: str, runs: Sequence[str]) -> list[str]:
        """Which of these runs the worker owns no more."""
        numbers = [self._no(run) for run in runs]
        owned = {no for (no,) in self._all("owned", (json.dumps(numbers), worker))} if numbers else set()
        return [run for run, no in zip(runs, numbers, strict=True) if no not in owned]
