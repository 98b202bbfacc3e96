"""What a store in SQL keeps in memory: the graphs of the runs that its worker owns, and their last results."""

import json
from abc import ABC
from collections.abc import Iterable, Sequence

from flow_lang.plan import Plan

from flow_engine.decisions.books import Books, Notes, Report
from flow_engine.decisions.gates import Usage
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.restore import restore
from flow_engine.decisions.shape import Shape, shape_of
from flow_engine.errors import IdempotencyConflict, LostOwnership, Unreadable
from flow_engine.model import Hint, InFlight, NewRun, RunEnd, RunRecord, Succeeded, TaskRecord, TaskRef, Tick
from flow_engine.states import RUNNING
from flow_engine.stores.contract import Adopted, Submitted
from flow_engine.stores.mail import Message, loans_of, taken_up
from flow_engine.stores.reads import Reads, readable
from flow_engine.stores.recent import RecentResults
from flow_engine.stores.sound_rows import need_sound_tasks
from flow_engine.stores.writes import Writer


class LiveRuns(Reads, ABC):
    _writer: Writer

    def __init__(self, queries: dict[str, str], books: Books) -> None:
        super().__init__(queries)
        self._books = books
        self._shapes: dict[tuple[str, str], Shape] = {}
        self._recent = RecentResults()

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]:
        missing = [row for row in rows if (run, row) not in self._recent]
        found = dict(zip(missing, super().results(run, missing), strict=True)) if missing else {}
        return [found[row] if row in found else self._recent[(run, row)] for row in rows]

    def outcome(self, run: str) -> str:
        if run in self._books:
            return self._books.graph(run).outcome()
        record = self.run(run)  # who has borrowed what handles its end asks
        shape = self._shape(record.plan_hash, self.plan(record.plan_hash, record.workflow))
        with readable(f"run {run}"):
            return restore(run, shape, self._tasks_to_restore(run), _cancelling(record), record.created_at).outcome()

    def row_of(self, run: str, node: int, place: int) -> int:
        return self._span(run, node)[0] + place

    def state_of(self, run: str, node: int) -> str:
        if run in self._books:
            return self._books.graph(run).state[node]
        return str(self._all("state_of", (self._no(run), node))[0][0])

    def size_of(self, run: str, node: int) -> int:
        return self._span(run, node)[1]

    def held(self) -> list[tuple[str, Hint]]:
        return self._books.held()

    def _span(self, run: str, node: int) -> tuple[int, int]:
        """The row of the first instance of a `for`, and how many it has; -1 where that is not known yet."""
        if run in self._books:
            graph = self._books.graph(run)
            return graph.base[node], graph.size[node]
        no = self._no(run)
        ((first, size),) = self._all("span", (no, node, no, node))
        return (-1 if first is None else first), (-1 if size is None else size)

    def _shape(self, plan_hash: str, plan: Plan) -> Shape:
        key = (plan_hash, plan.entry)
        if key not in self._shapes:
            shape = shape_of(plan.workflow)
            self._cache_plan(plan_hash, self._plans.get(plan_hash, plan))
            self._shapes[key] = shape
        return self._shapes[key]

    def _drop_plans(self) -> None:
        super()._drop_plans()
        self._shapes.clear()

    def _opened(self, record: RunRecord, plan: Plan, rows: Sequence[TaskRecord], usage: Usage, now: float) -> Adopted:
        """Takes a run into the books whose row names this worker; `rows` as `restore` wants them. Raises Unreadable."""
        try:
            with readable(f"run {record.id}"):
                return self._restored(record, plan, rows, usage, now)
        except Unreadable:
            self._books.close(record.id)
            raise

    def _restored(self, record: RunRecord, plan: Plan, rows: Sequence[TaskRecord], usage: Usage, now: float) -> Adopted:
        graph = self._in_books(record, plan, rows, usage, now)
        in_flight = [
            InFlight(TaskRef(record.id, seq), graph.attempt[seq], flight.worker) for seq, flight in graph.flight.items()
        ]
        return Adopted(record, plan, self._books.take_ready([record.id], now), in_flight, graph.is_restless)

    def _in_books(
        self, record: RunRecord, plan: Plan, rows: Sequence[TaskRecord], usage: Usage, now: float
    ) -> RunGraph:
        need_sound_tasks(rows, len(plan.workflow.tasks))
        graph = restore(record.id, self._shape(record.plan_hash, plan), rows, _cancelling(record), now)
        self._books.open(graph, record.priority, usage, begun=record.state == RUNNING)
        return graph

    def _seen_again(self, record: RunRecord, plan: Plan, now: float) -> Adopted:
        """A run that is in the books."""
        restless = self._books.graph(record.id).is_restless
        return Adopted(record, plan, self._books.take_ready([record.id], now), [], restless)

    def _tasks_to_restore(self, run: str) -> list[TaskRecord]:
        """With the elements of each `for` whose instances are still to be made."""
        rows = self._all_tasks(run)
        return [row if row.cursor is None else row._replace(item=self.items(run, [row.seq])[0]) for row in rows]

    def _state_at(self, end: RunEnd) -> str:
        return "failed" if end.error is not None else self._books.graph(end.run).outcome()

    def _message_rows(self, messages: Iterable[Message]) -> list[tuple[object, ...]]:
        return [(self._no(message.run), *message[1:]) for message in messages]

    def _write_mail(self, worker: str, report: Report, tick: Tick) -> None:
        """What a tick has lent, and what it has taken up of runs that are still this worker's; of the others it stays."""
        keys = [key for key in taken_up(worker, report) if key.run in self._books]
        self._writer.drop_mail([(self._no(key.run), *key[1:]) for key in keys])
        self._writer.leave(self._message_rows(loans_of(tick)))

    def _forget(self, runs: Iterable[str]) -> None:
        """Runs that have ended: a worker that lives for months keeps nothing of them."""
        for run in runs:
            self._books.close(run)
            self._recent.forget(run)
            self._numbers.pop(run, None)

    def _drop_numbers(self) -> None:
        """But for those of the runs that are worked on."""
        self._numbers = {run: no for run, no in self._numbers.items() if run in self._books}

    def _remember(self, notes: Sequence[Notes]) -> None:
        for note in notes:
            for row, done in note.completed.items():
                if isinstance(done.outcome, Succeeded):
                    self._recent.keep(note.graph.run, row, done.outcome.result)


def _cancelling(record: RunRecord) -> str:
    return "" if record.cancel_requested_at is None else record.cancel_reason or "asked"


def submitted_before(new: NewRun, run: str, plan_hash: str, params: str) -> Submitted:
    """The run that has the idempotency key of a new one. Raises IdempotencyConflict."""
    if (plan_hash, json.loads(params)) != (new.plan_hash, new.params):
        raise IdempotencyConflict(new.idempotency_key or "", run)
    return Submitted(run, False)


def lost_run(run: str) -> LostOwnership:
    return LostOwnership(f"run {run} was taken over by another worker")
