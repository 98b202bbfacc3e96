"""How a worker takes runs over: several at once, in a fixed number of round trips."""

from abc import ABC
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from flow_engine.errors import Unreadable
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.states import QUEUED
from flow_engine.stores.contract import Adopted, Adoption
from flow_engine.stores.postgres.arrivals import PostgresArrivals
from flow_engine.stores.postgres.transaction import Transaction

_RunRows = tuple[RunRecord | Unreadable, list[TaskRecord]]


class PostgresAdoption(PostgresArrivals, ABC):
    def adopt(self, worker: str, run: str, now: float) -> Adopted | None:
        record = self.run(run)
        found = self.adopt_all(worker, [record], now)
        for error in found.failed.values():
            raise error
        return next(iter(found.taken), None)

    def adopt_all(self, worker: str, records: Sequence[RunRecord], now: float) -> Adoption:
        """Two round trips, and two for each that may be large; one more asks who lives of their owners, and one gives back what cannot be
        read."""
        found = Adoption([], {})
        self._session.plan_once()
        plans = {}
        fresh: list[RunRecord] = []
        for record in self._free(worker, records):
            try:
                plans[record.id] = plan = self.plan(record.plan_hash, record.workflow)
            except Unreadable as error:
                found.failed[record.id] = error
                continue
            if record.owner == worker and record.id in self._books:
                found.taken.append(self._seen_again(record, plan, now))
            else:
                fresh.append(record)
        for some in _portions(fresh):
            for run, (record_, rows) in self._taken(worker, some).items():
                try:
                    if isinstance(record_, Unreadable):
                        raise record_
                    found.taken.append(self._opened(record_, plans[run], rows, self._usage, now))
                except Unreadable as error:
                    found.failed[run] = error
        self._give_back(worker, [record for record in fresh if record.id in found.failed])
        return found

    def _free(self, worker: str, records: Sequence[RunRecord]) -> list[RunRecord]:
        """Those that have not ended, and that no other living worker owns."""
        living = self._living({record.owner for record in records if record.owner is not None} - {worker})
        return [record for record in records if record.finished_at is None and record.owner not in living]

    def _taken(self, worker: str, records: Sequence[RunRecord]) -> dict[str, _RunRows]:
        """By id those that nobody else has taken meanwhile, with their rows as they are from now on."""
        if not records:
            return {}
        numbers = {self._no(record.id): record for record in records}
        owners = [record.owner for record in numbers.values()]
        return self._session.write("adopt", lambda transaction: self._take(worker, [*numbers], owners, transaction))

    def _take(
        self, worker: str, numbers: Sequence[int], owners: Sequence[str | None], transaction: Transaction
    ) -> dict[str, _RunRows]:
        version, taken, runs, tasks, lists = transaction.ask(
            (self._queries["schema_version"], ()),
            (self._queries["take"], (worker, numbers, owners)),
            (f"{self._queries['run_columns']} WHERE no = ANY (?::bigint[])", (numbers,)),
            (_of_runs(self._queries["bare_task_columns"]), (numbers,)),
            (self._queries["lists"], (numbers,)),
            writes=True,
        )
        self._refuse_upgraded(*version[0])
        ours = {no for (no,) in taken}
        items: dict[tuple[int, int], str] = {(run, seq): item for run, seq, item in lists}
        rows = {
            run: [TaskRecord(*row)._replace(item=items.get((run, row[0]))) for _, *row in group]
            for run, group in groupby(tasks, itemgetter(0))
        }
        return {row[1]: (self._record_or_trouble(row), rows.get(row[0], [])) for row in runs if row[0] in ours}

    def _give_back(self, worker: str, records: Iterable[RunRecord]) -> None:
        """As they were, for who can read them."""
        for record in records:
            self._ask_once("adopt", "take", (record.owner, [self._no(record.id)], [worker]))


def _portions(records: Sequence[RunRecord]) -> list[list[RunRecord]]:
    """All rows of one portion are in hand at once. A new run has one for each task of its workflow, any other may have a million."""
    new = [record for record in records if _is_new(record)]
    return [new, *([record] for record in records if not _is_new(record))]


def _is_new(record: RunRecord) -> bool:
    return record.state == QUEUED and record.reopened_at is None and record.based_on is None


def _of_runs(columns: str) -> str:
    """What reads the rows of several runs, each with the number of its run before it."""
    return columns.replace("SELECT ", "SELECT run, ", 1) + " WHERE run = ANY (?::bigint[]) ORDER BY run, seq"
