"""Reading runs, tasks, attempts and events. Needs no ownership; any process may read at any time.

The SQL that is written here is that of both dialects, with `?` for values.
"""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flow_lang.bundle import plan_from_json
from flow_lang.plan import Plan

from flow_engine.access import DEFAULT
from flow_engine.errors import FlowError, StoreError, UnknownRun, Unreadable
from flow_engine.model import AttemptRecord, Cached, Event, RunRecord, Signal, Tally, TaskRecord, TaskRef
from flow_engine.states import READY
from flow_engine.stores.contract import Census, RunFilter
from flow_engine.stores.mail import LoanKey, Mail, Mailbox, read_mail, read_mailbox
from flow_engine.stores.sound_rows import need_sound_run

NUMBERS = 100_000
"""Runs whose numbers are known without asking, at most: a server, or a worker beside others, sees any number of runs in its life."""
PLANS = 1_000
"""Plans that are known without asking, at most: who works on a pipeline makes a new one with each change."""


class Reads(ABC):
    def __init__(self, queries: dict[str, str]) -> None:
        self._queries = queries
        self._numbers: dict[str, int] = {}
        self._plans: dict[str, Plan] = {}

    def run(self, run: str) -> RunRecord:
        rows = self._select("run_columns", "WHERE id = ?", (run,))
        if not rows and run:
            rows = self._select("run_columns", "WHERE id >= ? AND id < ? LIMIT 2", (run, run + "\uffff"))
        if len(rows) > 1:
            raise FlowError(f"{run} is the start of more than one run id; give more of it")
        if not rows:
            raise UnknownRun(run)
        return self._run_record(rows[0])

    def records(self, runs: Collection[str]) -> dict[str, RunRecord | Unreadable]:
        rows = self._select("run_columns", self._queries["whose_id"], (json.dumps([*runs]),)) if runs else []
        return {row[1]: self._record_or_trouble(row) for row in rows}

    def _record_or_trouble(self, row: Sequence[Any]) -> RunRecord | Unreadable:
        try:
            return self._run_record(row)
        except Unreadable as error:
            return error

    def runs(self, filter_: RunFilter, damaged: Callable[[Unreadable], None] | None = None) -> list[RunRecord]:
        wanted = [
            (self._namespace_clause(filter_), filter_.namespace),
            ("state = ?", filter_.state),
            ("id < ?", filter_.before),
            ("id >= ?", filter_.since),
        ]
        present = [(clause, value) for clause, value in wanted if value is not None]
        values: list[Any] = [value for _, value in present]
        clauses = [*(clause for clause, _ in present), *(["parent_run IS NULL"] if filter_.top else [])]
        if filter_.workflow is not None:
            # few names and an index: cheaper than to look at each run
            keys = [row[0] for row in self._all("workflows_called", (filter_.namespace, filter_.workflow))]
            clauses.append(f"workflow IN ({', '.join('?' * len(keys)) or 'NULL'})")
            values += keys
        where = " AND ".join(clauses)
        rows = self._select("run_columns", f"WHERE {where} ORDER BY id DESC LIMIT ?", [*values, filter_.limit])
        return [record for row in rows if (record := self._sound_record(row, damaged)) is not None]

    def _sound_record(self, row: Sequence[Any], damaged: Callable[[Unreadable], None] | None) -> RunRecord | None:
        found = self._record_or_trouble(row)
        if not isinstance(found, Unreadable):
            return found
        if damaged is None:
            raise found
        damaged(found)
        return None

    def _namespace_clause(self, filter_: RunFilter) -> str:
        return "namespace = ?"

    def run_of_key(self, key: str, namespace: str = DEFAULT) -> str | None:
        found = self._rows("SELECT id FROM run WHERE namespace = ? AND idempotency_key = ?", (namespace, key))
        return str(found[0][0]) if found else None

    def newest(self) -> str | None:
        found: str | None = self._rows("SELECT max(id) FROM run", ())[0][0]
        return found

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan:
        if plan_hash not in self._plans:
            bundle = self.bundle(plan_hash)
            with readable(f"the plan {plan_hash}"):
                self._cache_plan(plan_hash, plan_from_json(json.loads(bundle)))
        plan = self._plans[plan_hash]
        if workflow is not None and workflow not in plan.workflows:
            raise Unreadable(f"the plan {plan_hash}", LookupError(f"it has no workflow {workflow}"))
        return plan if workflow in (None, plan.entry) else plan._replace(entry=workflow)

    def _cache_plan(self, plan_hash: str, plan: Plan) -> None:
        if len(self._plans) >= PLANS and plan_hash not in self._plans:
            self._drop_plans()
        self._plans[plan_hash] = plan

    def _drop_plans(self) -> None:
        """They can be read again."""
        self._plans.clear()

    def bundle(self, plan_hash: str) -> str:
        row = self._one("plan", (plan_hash,))
        if row is None:
            raise StoreError(f"the plan {plan_hash} is missing from the state")
        return str(row[0])

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        return self._task_records("WHERE run = ? AND (place IS NULL OR place >= 0) ORDER BY seq", run, values)

    def _all_tasks(self, run: str) -> list[TaskRecord]:
        """Also those that a retry has made void."""
        return self._task_records("WHERE run = ? ORDER BY seq", run)

    def _task_records(self, rest: str, run: str, values: bool = False) -> list[TaskRecord]:
        columns = "task_columns" if values else "bare_task_columns"
        return [TaskRecord._make(row) for row in self._select(columns, rest, (self._no(run),))]

    def tallies(self, run: str) -> list[Tally]:
        return [Tally(node, bool(whole), *rest) for node, whole, *rest in self._all("tallies", (self._no(run),))]

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]:
        return self._column("result", run, rows)

    def items(self, run: str, rows: Sequence[int]) -> list[str | None]:
        return self._column("item", run, rows)

    def overrides(self, run: str) -> dict[int, dict[str, Any]]:
        with readable(f"run {run}"):
            return {seq: json.loads(text) for seq, text in self._all("overrides", (self._no(run),))}

    def attempts(self, run: str, seq: int) -> list[AttemptRecord]:
        return [AttemptRecord(*row) for row in self._all("attempts", (self._no(run), seq))]

    def events(self, run: str, after: int) -> list[Event]:
        return [Event(id_, at, json.loads(changes)) for id_, at, changes in self._all("events", (self._no(run), after))]

    def last_event(self, run: str) -> int:
        row = self._one("last_event", (self._no(run),))
        return 0 if row is None else int(row[0])

    def events_of(self, after: Mapping[str, int]) -> dict[str, list[Event]]:
        numbers = {self._no(run): run for run in after}
        rows = self._events_of([(no, after[run]) for no, run in numbers.items()]) if after else []
        found: dict[str, list[Event]] = {}
        for no, id_, at, changes in rows:
            found.setdefault(numbers[no], []).append(Event(id_, at, json.loads(changes)))
        return found

    def _events_of(self, after: Sequence[tuple[int, int]]) -> list[tuple[Any, ...]]:
        """(number of the run, id, time, changes), in order; `after` are numbers of runs and ids."""
        return self._all("events_of", (json.dumps(after),))

    def children(self, run: str) -> list[str]:
        return [row[0] for row in self._all("children", (run,))]

    def signals(self, run: str) -> list[Signal]:
        return [Signal(*row) for row in self._all("signals", (self._no(run),))]

    def arrivals(self, worker: str) -> list[TaskRef]:
        return [TaskRef(*row) for row in self._all("arrivals", (worker,))]

    def mail(self, worker: str) -> Mail:
        return read_mail(self._all("mail", (worker,)))

    def mailbox(self, worker: str) -> Mailbox:
        return read_mailbox(self._all("mailbox", (worker,)))

    def loans(self, run: str) -> set[LoanKey]:
        return {LoanKey(*row) for row in self._all("loans", (run,))}

    def census(self) -> Census:
        oldest = self._one("oldest_queued", ())
        tasks: Counter[str] = Counter()
        ready = {}
        for state, pool, count in self._all("count_open_tasks", ()):
            tasks[state] += count
            if state == READY:
                ready[pool] = count
        letters = self._all("count_open_letters", ())[0][0]
        return Census(dict(self._all("count_runs", ())), tasks, None if oldest is None else oldest[0], ready, letters)

    def pools(self) -> dict[str, int]:
        return dict(self._all("pools", ()))

    def cached(self, digest: str, now: float) -> Cached | None:
        row = self._one("cached", (digest, now))
        return None if row is None else Cached(*row)

    def last_cached(self, workflow: str, task: str, key: str, before: float) -> Cached | None:
        row = self._one("last_cached", (workflow, task, key, before))
        return None if row is None else Cached(*row)

    def cancel_requests(self, worker: str) -> list[str]:
        return [row[0] for row in self._all("cancel_requests", (worker,))]

    @abstractmethod
    def _column(self, column: str, run: str, rows: Sequence[int]) -> list[str | None]:
        """A column of these tasks, in the order asked."""

    @abstractmethod
    def _rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]: ...

    def _no(self, run: str) -> int:
        if run not in self._numbers:
            rows = self._rows("SELECT no FROM run WHERE id = ?", (run,))
            if not rows:
                raise UnknownRun(run)
            self._keep_number(run, rows[0][0])
        return self._numbers[run]

    def _keep_number(self, run: str, no: int) -> None:
        if len(self._numbers) >= NUMBERS and run not in self._numbers:
            self._drop_numbers()
        self._numbers[run] = no

    def _drop_numbers(self) -> None:
        """They can be asked for again."""
        self._numbers.clear()

    def _run_record(self, row: Sequence[Any]) -> RunRecord:
        no, id_, workflow, plan_hash, params, folder, state, priority, labels, *rest = row
        self._keep_number(id_, no)
        with readable(f"run {id_}"):
            given, labelled = json.loads(params), tuple(json.loads(labels))
            record = RunRecord(id_, workflow, plan_hash, given, folder, state, priority, labelled, *rest)
            need_sound_run(record)
        return record

    def _select(self, query: str, rest: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._rows(f"{self._queries[query]} {rest}", values)

    def _all(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._rows(self._queries[query], values)

    def _one(self, query: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
        return next(iter(self._rows(self._queries[query], values)), None)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """What was kept is read by who wrote it; another text is damage, or of another version."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(what, error) from error
