"""The store that forgets: dictionaries, for tests and for trying things out. It stands under the same conformance suite as the others."""

import json
import random
from collections.abc import Callable, Collection, Sequence
from typing import Any

from flow_lang.bundle import plan_from_json
from flow_lang.plan import Plan

from flow_engine import states
from flow_engine.dead_letters.contract import Letter, Replay
from flow_engine.decisions.books import Books, Notes, Report
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.reopen import reopened, void_answers
from flow_engine.decisions.restore import restore
from flow_engine.decisions.shape import shape_of
from flow_engine.errors import FlowError, IdempotencyConflict, LostOwnership, Refused
from flow_engine.model import (
    AttemptRecord,
    Event,
    Hint,
    InFlight,
    NewRun,
    RunEnd,
    RunRecord,
    Signal,
    TaskRef,
    Tick,
    WorkerRecord,
)
from flow_engine.notices.contract import APPROVAL, TASK_FAILED, Notice
from flow_engine.stores.adoption import one_by_one
from flow_engine.stores.contract import Adopted, Adoption, Submitted
from flow_engine.stores.letters import chosen, overrides_of, refuse_answered
from flow_engine.stores.mail import LoanKey, Mail, Mailbox, Message, loans_of, taken_up
from flow_engine.stores.memory.access import MemoryAccess
from flow_engine.stores.memory.kept import Kept, KeptResult, MemoryUsage
from flow_engine.stores.memory.letters import MemoryLetters
from flow_engine.stores.memory.mail import MemoryMail
from flow_engine.stores.memory.notices import MemoryNotices
from flow_engine.stores.memory.reads import MemoryReads
from flow_engine.stores.memory.rows import (
    as_reopened,
    as_taken_over,
    kept_results,
    new_row,
    record,
    reserved,
    updated,
)
from flow_engine.stores.outcomes import approvals, dead_letters, ended_attempts, error_of, state_of
from flow_engine.stores.pools import need_pools


class MemoryStore(MemoryReads):
    def __init__(
        self, alive: Callable[[str], bool] = lambda incarnation: True, draw: Callable[[], float] = random.random
    ) -> None:
        super().__init__()
        self._alive = alive
        self._draw = draw
        self._books: dict[str, Books] = {}
        """Of each worker, as each has its own where the store is a file: one that has lost a run does not take it from its owner."""
        self._runs: dict[str, Kept] = {}
        self._pools: dict[str, int] = {}
        self._usage = MemoryUsage(self._runs, self._pools, alive)
        self._plans: dict[str, Plan] = {}
        self._cached: list[KeptResult] = []
        self._mail = MemoryMail(self._runs)
        self._bundles: dict[str, str] = {}
        self.letters = MemoryLetters()
        self.notices = MemoryNotices(self._as_now)
        self.access = MemoryAccess(self._namespaces)

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        before = set(self._runs)
        try:
            return [self.submit(new) for new in news]
        except FlowError:
            for run in self._runs.keys() - before:
                self._books_of(self._runs.pop(run).record.owner or "").close(run)
            raise

    def submit(self, new: NewRun) -> Submitted:
        for kept in self._runs.values():
            if new.idempotency_key is not None and (kept.key, kept.record.namespace) == (
                new.idempotency_key,
                new.namespace,
            ):
                if (kept.record.plan_hash, kept.record.params) != (new.plan_hash, new.params):
                    raise IdempotencyConflict(new.idempotency_key, kept.record.id)
                return Submitted(kept.record.id, False)
        need_pools(new.plan, self._usage)
        if new.plan_hash not in self._plans:
            self._plans[new.plan_hash], self._bundles[new.plan_hash] = new.plan, new.bundle
        if new.rows:
            graph = restore(new.id, shape_of(new.plan.workflow), new.rows, "", new.created_at)
            tasks = [as_taken_over(graph, row, new.created_at) for row in new.rows]
        else:
            graph = RunGraph(new.id, shape_of(new.plan.workflow))
            graph.start(new.created_at, new.due)
            tasks = [new_row(graph, seq, new.created_at, None) for seq in range(len(graph.state))]
        graph.dirty.clear()
        self._runs[new.id] = Kept(record(new), new.idempotency_key, tasks, [], [], new.plan, [])
        if new.owner is not None and not new.rows:
            self._books_of(new.owner).open(graph, new.priority, self._usage)
        return Submitted(new.id, True)

    def adopt(self, worker: str, run: str, now: float) -> Adopted | None:
        record = self.run(run)
        if record.finished_at is not None or (record.owner not in (None, worker) and self._alive(record.owner or "")):
            return None
        plan = self._runs[record.id].plan
        books = self._books_of(worker)
        in_flight: list[InFlight] = []
        if record.owner != worker or record.id not in books:
            cancelling = (record.cancel_reason or "asked") if record.cancel_requested_at is not None else ""
            graph = restore(record.id, shape_of(plan.workflow), self._made(record.id), cancelling, now)
            self._replace(record.id, owner=worker)
            books.open(graph, record.priority, self._usage, begun=record.state == states.RUNNING)
            in_flight = [
                InFlight(TaskRef(record.id, seq), graph.attempt[seq], flight.worker)
                for seq, flight in graph.flight.items()
            ]
        graph = books.graph(record.id)
        return Adopted(self.run(run), plan, books.take_ready([record.id], now), in_flight, graph.is_restless)

    def adopt_all(self, worker: str, records: Sequence[RunRecord], now: float) -> Adoption:
        return one_by_one(lambda run: self.adopt(worker, run, now), self.children, records)

    def abandon(self, worker: str) -> bool:
        for run, kept in list(self._runs.items()):
            in_flight = any(row.state in states.IN_FLIGHT for row in kept.tasks)
            if kept.record.owner == worker and kept.record.finished_at is None and not in_flight:
                self._replace(run, owner=None)
                self._books_of(worker).close(run)
        return worker not in self.owners()

    def unowned(self, limit: int) -> list[str]:
        records = [kept.record for kept in self._runs.values() if kept.record.finished_at is None]
        records.sort(key=lambda record: (-record.priority, record.id))
        return [r.id for r in records if r.owner is None or not self._alive(r.owner)][:limit]

    def owners(self) -> set[str]:
        records = [kept.record for kept in self._runs.values()]
        return {record.owner for record in records if record.owner is not None and record.finished_at is None}

    def tick(self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int) -> Tick:
        for run, kept in self._runs.items():
            if kept.record.owner != worker:
                self._books_of(worker).close(run)
        tick, notes = self._books_of(worker).tick(worker, now, report, hints, want, self._usage)
        for child in tick.begun:
            self.submit(child)
        for note in notes:
            self._write(note, now)
        self._mail.drop(key for key in taken_up(worker, report) if key.run in self._books_of(worker))
        self._mail.leave(loans_of(tick))
        return tick

    def held(self) -> list[tuple[str, Hint]]:
        return [one for books in list(self._books.values()) for one in books.held()]

    def finish(self, worker: str, now: float, ends: Sequence[RunEnd]) -> None:
        for end in ends:
            record = self._runs[end.run].record
            if record.owner != worker or record.finished_at is not None:
                raise LostOwnership(f"run {end.run} was taken over by another worker")
        for end in ends:
            state = states.FAILED if end.error is not None else self.outcome(end.run)
            self._replace(end.run, state=state, result=end.result, error=end.error, finished_at=now, owner=None)
            self._event(end.run, now, [["run", state]])
            self._books_of(worker).close(end.run)
            if self._runs[end.run].record.parent is None:
                self._tell(f"run.{state}", end.run, -1, "", 0, end.error, now, 0)

    def living(self, workers: Collection[str]) -> set[str]:
        return {worker for worker in workers if self._alive(worker)}

    def workers(self) -> list[WorkerRecord]:
        return [WorkerRecord(worker) for worker in sorted(self.owners())]

    def has_labels(self, labels: Collection[str]) -> bool | None:
        return None

    def leave(self, messages: Sequence[Message]) -> None:
        self._mail.leave(messages)

    def mail(self, worker: str) -> Mail:
        return self._mail.of_owner(worker)

    def mailbox(self, worker: str) -> Mailbox:
        return self._mail.of_borrower(worker)

    def loans(self, run: str) -> set[LoanKey]:
        return self._mail.loans(run)

    def request_cancel(self, run: str, now: float, reason: str = "asked") -> bool:
        record = self.run(run)
        if record.finished_at is not None:
            return False
        since, why = record.cancel_requested_at or now, record.cancel_reason or reason
        self._replace(record.id, cancel_requested_at=since, cancel_reason=why)
        return True

    def send(self, run: str, signal: Signal) -> None:
        record = self.run(run)
        if record.finished_at is not None:
            raise Refused(f"run {record.id} has ended; nothing of it waits any more")
        self._runs[record.id].signals.append(signal)

    def signals(self, run: str) -> list[Signal]:
        return list(self._runs[run].signals)

    def arrivals(self, worker: str) -> list[TaskRef]:
        return [
            TaskRef(run, row.seq)
            for run, kept in self._runs.items()
            if kept.record.owner == worker and kept.record.finished_at is None
            for row in kept.tasks
            if row.awaits is not None and row.state == states.WAITING and self._has_come(kept, *json.loads(row.awaits))
        ]

    def children(self, run: str) -> list[str]:
        records = [kept.record for kept in self._runs.values()]
        return [record.id for record in records if record.parent == run and record.finished_at is None]

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence[Replay] = ()) -> int:
        record = self.run(run)
        kept = self._runs[record.id]
        shape = shape_of(kept.plan.workflow)
        refuse_answered(replays, self.letters.answered(record.id))
        changes = reopened(shape, kept.tasks, chosen(replays))
        if not changes or record.state not in (states.FAILED, states.CANCELLED):
            return 0
        void = void_answers(shape, kept.tasks, changes)
        kept.signals[:] = [
            signal._replace(kind="void") if signal.kind == "approval" and signal.name in void else signal
            for signal in kept.signals
        ]
        for change in changes:
            kept.tasks[change.seq] = as_reopened(kept.tasks[change.seq], change)
        for text, seq in overrides_of(replays, kept.tasks):
            kept.tasks[seq] = kept.tasks[seq]._replace(override=text)
        ended = {"finished_at": None, "result": None, "error": None, "cancel_requested_at": None, "cancel_reason": None}
        self._replace(record.id, state=states.QUEUED, owner=owner, reopened_at=now, **ended)
        self.letters.replayed(record.id, {change.seq for change in changes}, now)
        self._event(record.id, now, [["run", states.QUEUED]])
        return sum(change.state == states.BLOCKED for change in changes)

    def set_pool(self, name: str, slots: int) -> None:
        self._pools[name] = slots

    def close(self) -> None:
        self._runs.clear()

    def _namespaces(self) -> list[str]:
        records = [kept.record.namespace for kept in self._runs.values()]
        deployed = (kept[-1].namespace for kept in self._versions.values())
        return [*records, *deployed, *self.notices.namespaces()]

    def _keep_bundle(self, plan_hash: str, bundle: str) -> None:
        if plan_hash not in self._plans:
            self._plans[plan_hash], self._bundles[plan_hash] = plan_from_json(json.loads(bundle)), bundle

    def _books_of(self, worker: str) -> Books:
        return self._books.setdefault(worker, Books(self._draw))

    def _graph(self, run: str) -> RunGraph:
        return self._books_of(self._runs[run].record.owner or "").graph(run)

    def _write(self, note: Notes, now: float) -> None:
        graph, kept = note.graph, self._runs[note.graph.run]
        changed = [seq for seq in graph.dirty if graph.state[seq] != states.BLOCKED]
        self._make(kept, graph, now)
        for seq, done in approvals(graph, note.completed):
            if kept.tasks[seq].awaits is None:  # one that was looked at waits already
                self._tell(APPROVAL, graph.run, seq, self._key(graph, seq), done.attempt, None, now, 0)
        for seq in changed:
            kept.tasks[seq] = updated(kept.tasks[seq], graph, note, seq, now)
        for seq, done in ended_attempts(note.graph, note.completed):
            times = (note.claimed[seq], done.started_at, done.finished_at or now)
            kept.attempts.append(
                AttemptRecord(
                    seq,
                    done.attempt,
                    done.worker,
                    state_of(done.outcome),
                    *times,
                    error_of(done.outcome),
                    done.log,
                    kept.tasks[seq].override,
                )
            )
            self._cached += kept_results(graph, done, now)
        self._keep_letters(note, now)
        if changed:
            self._event(graph.run, now, [[seq, graph.state[seq], graph.attempt[seq]] for seq in changed])
        if graph.flight and kept.record.state == states.QUEUED:
            self._replace(graph.run, state=states.RUNNING, started_at=now)
        graph.dirty.clear()
        graph.born.clear()

    def _keep_letters(self, note: Notes, now: float) -> None:
        graph, record = note.graph, self._runs[note.graph.run].record
        for seq, topic, done in dead_letters(graph, note.completed):
            name, place = graph.shape.workflow.tasks[graph.node[seq]].name, graph.place_of(seq)
            of = (0, topic, record.namespace, record.id, record.workflow, record.plan_hash, seq, name, place)
            labels = tuple(record.labels)
            error = error_of(done.outcome) or "{}"
            self.letters.add(Letter(*of, done.attempt, error, now, labels, tries=0))
            self._tell(TASK_FAILED, record.id, seq, self._key(graph, seq), done.attempt, error, now, 0)

    def _tell(self, event: str, run: str, seq: int, *rest: Any) -> None:
        """`rest`: key of the task, attempt, error, now, tries."""
        record = self._runs[run].record
        self.notices.add(Notice(0, "", record.namespace, "", event, run, record.workflow, *rest), seq)

    def _as_now(self, notice: Notice, seq: int) -> Notice:
        """With the failure that nobody has answered, and what is still asked."""
        first = self.letters.first_open(notice.run) if notice.event == "run.failed" else None
        if first is not None:
            return notice._replace(task=first.key, attempt=first.attempt, error=first.error, answered=True)
        row = self._runs[notice.run].tasks[seq] if seq >= 0 else None
        awaits = row.awaits if row is not None and row.state not in states.FINAL else None
        return notice._replace(text="" if awaits is None else str(json.loads(awaits)[2]), answered=awaits is None)

    def _key(self, graph: RunGraph, seq: int) -> str:
        name, place = graph.shape.workflow.tasks[graph.node[seq]].name, graph.place_of(seq)
        return name if place is None else f"{name}[{place}]"

    def _make(self, kept: Kept, graph: RunGraph, now: float) -> None:
        """The new instances, and how many of its instances their group has."""
        kept.tasks.extend(reserved(graph, seq) for seq in range(len(kept.tasks), len(graph.state)))
        for span in graph.born:
            node, items = graph.node[span.start], graph.items_of(span)
            for seq in span:
                kept.tasks[seq] = new_row(graph, seq, now, items[seq - span.start] if items else None)
            cursor, every = graph.unborn.get(node), graph.lists.get(node)
            text = None if cursor is None or every is None else f"[{','.join(every)}]"
            kept.tasks[node] = kept.tasks[node]._replace(cursor=cursor, item=text)
        for node in [node for node in graph.lists if node not in graph.unborn]:
            del graph.lists[node]

    def _has_come(self, kept: Kept, kind: str, name: str, *_: object) -> bool:
        if kind == "child":
            return self._runs[name].record.finished_at is not None
        return any((signal.kind, signal.name) == (kind, name) for signal in kept.signals)

    def _event(self, run: str, now: float, changes: list[object]) -> None:
        events = self._runs[run].events
        events.append(Event(len(events) + 1, now, changes))

    def _replace(self, run: str, **changes: Any) -> None:
        kept = self._runs[run]
        self._runs[run] = kept._replace(record=kept.record._replace(**changes))
