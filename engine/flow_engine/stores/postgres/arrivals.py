"""New runs, as they are written, and how they come in."""

import json
from abc import ABC
from collections.abc import Callable, Sequence

from flow_lang.named import NamedTuple

from flow_engine.decisions.books import Books
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.restore import restore
from flow_engine.errors import LostOwnership, OtherVersion, UnknownRun
from flow_engine.ids import shard_of
from flow_engine.model import Hint, NewRun, RunRecord
from flow_engine.queues.runs import run_hint
from flow_engine.stores.contract import Submitted
from flow_engine.stores.live import submitted_before
from flow_engine.stores.pools import need_pools
from flow_engine.stores.postgres.address import shown
from flow_engine.stores.postgres.schedules import PostgresSchedules
from flow_engine.stores.postgres.schema import FOLDER
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.statements import Noted, PostgresStatements
from flow_engine.stores.postgres.transaction import Row, Transaction
from flow_engine.stores.postgres.usage import Living, PostgresUsage, needs_of
from flow_engine.stores.queries import known_version
from flow_engine.stores.writes import Writer

NEXT = 0
"""In place of the number of a run: the one that the server gives it."""


class Arrival(NamedTuple):
    """A new run: its number, and its graph."""

    no: int
    graph: RunGraph


def run_row(no: int, new: NewRun) -> tuple[object, ...]:
    params, labels = json.dumps(new.params), json.dumps(new.labels)
    values = (
        no,
        new.id,
        new.namespace,
        shard_of(new.id),
        new.plan_hash,
        new.plan.entry,
        params,
        new.folder,
        new.priority,
    )
    parent, parent_seq = new.parent or (None, None)
    key, start = new.idempotency_key, new.starts_at
    return (*values, labels, key, new.owner, new.created_at, parent, parent_seq, new.based_on, start)


class PostgresArrivals(PostgresSchedules, ABC):
    """How runs come in: submitted, fired by a schedule, begun by a tick. `living`: those of these workers that live."""

    def __init__(self, session: Session, queries: dict[str, str], books: Books, living: Living) -> None:
        super().__init__(session, queries, books)
        self.announce: Callable[[str, list[Hint]], object] = _to_nobody
        self._living = living
        self._statements = PostgresStatements(queries)
        self._writer = Writer(self._statements, labels=True)
        self._usage = PostgresUsage(session.rows, queries, living)
        self._seen: set[str] = set()
        """Plans that were in the state, by their hashes."""

    def submit(self, new: NewRun) -> Submitted:
        return self.submit_all([new])[0]

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        """One round trip for one whose plan this handle has seen in the state; else two, and three where they have keys."""
        if len(news) == 1 and self._is_plain(news[0]):
            try:
                return [self._submitted_at_once(news[0])]
            except LostOwnership:  # what it had seen is not there any more
                self._seen.discard(news[0].plan_hash)
        fresh: list[tuple[NewRun, Arrival]] = []

        def job(transaction: Transaction) -> list[Submitted]:
            self._statements.take()
            known = self._known(news, transaction)
            fresh[:] = self._begin([new for at, new in enumerate(news) if at not in known], transaction)
            self._tell(self._statements.take(), transaction)
            return [known.get(at) or Submitted(new.id, True) for at, new in enumerate(news)]

        submitted = self._session.write("submit", job)
        for new, arrival in fresh:
            self._keep_number(new.id, arrival.no)
            if new.owner is not None and not new.rows:
                self._books.open(arrival.graph, new.priority, self._usage)
        self._announce([new for new, _ in fresh if new.owner is None])
        return submitted

    def _is_plain(self, new: NewRun) -> bool:
        """Whether there is nothing to ask for."""
        asks = new.idempotency_key is not None or new.rows or needs_of([new.plan.workflow]).pools
        return new.plan_hash in self._seen and not (asks or new.owner)

    def _submitted_at_once(self, new: NewRun) -> Submitted:
        """The server gives the run its number, and refuses it where its plan is gone or the state was upgraded."""
        self._statements.take()
        self._statements.one("arrive", (known_version(FOLDER), new.plan_hash))
        self._statements.many("insert_run", [run_row(NEXT, new)])
        self._begin_one(NEXT, new)
        statements = self._statements.take()
        self._session.write("submit", lambda transaction: self._tell(statements, transaction))
        self._announce([new])
        return Submitted(new.id, True)

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
        self._seen |= {digest for (digest,) in plans}
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
            graph.start(now, new.due)
            self._writer.insert_tasks(no, graph, now)
            return Arrival(no, graph)
        # removed in the meantime, it has left no files for what is taken over
        if new.based_on is not None and not self._all("lock_based_on", (new.based_on,)):
            raise UnknownRun(new.based_on)
        graph = restore(new.id, shape, new.rows, "", now)
        self._writer.take_over(no, graph, new.rows, now)
        return Arrival(no, graph)

    def _refuse_upgraded(self, version: int, readable_by: int) -> None:
        """Another process may have upgraded the state since this one opened it."""
        known = known_version(FOLDER)
        if known < readable_by:
            raise OtherVersion(
                f"the state {shown(self._session.url)} was upgraded to version {version} while this process, which knows {known}, "
                "had it open: start the newer Flow in its place"
            )

    def _ask_once(self, name: str, query: str, values: Row) -> list[Row]:
        """The answer of one statement that writes, once it is kept."""
        return self._session.write_one(name, self._queries[query], values)

    def _tell(self, statements: Noted, transaction: Transaction) -> None:
        for sql, values in statements:
            transaction.tell(sql, values)


def _to_nobody(namespace: str, hints: list[Hint]) -> None:
    """There is no queue."""
