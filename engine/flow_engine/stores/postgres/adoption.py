"""How a worker takes runs over: several at once, in a fixed number of round trips."""

from abc import ABC
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from flow_lang.named import NamedTuple

from flow_engine.errors import LostOwnership, Unreadable
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.states import QUEUED
from flow_engine.stores.contract import Adopted, Adoption
from flow_engine.stores.postgres.arrivals import PostgresArrivals
from flow_engine.stores.postgres.schema import FOLDER
from flow_engine.stores.postgres.transaction import Row, Transaction
from flow_engine.stores.queries import known_version

_RunRows = tuple[RunRecord | Unreadable, list[TaskRecord]]


class _Taken(NamedTuple):
    """By id, with their rows as they are from now on; and their child runs that have not ended, each after its parent."""

    runs: dict[str, _RunRows]
    children: list[tuple[str, str]]


class PostgresAdoption(PostgresArrivals, ABC):
    def adopt(self, worker: str, run: str, now: float) -> Adopted | None:
        record = self.run(run)
        found = self.adopt_all(worker, [record], now)
        for error in found.failed.values():
            raise error
        return next(iter(found.taken), None)

    def adopt_all(self, worker: str, records: Sequence[RunRecord], now: float) -> Adoption:
        """One round trip, and one for each that may be large; one more asks who lives of their owners, and one gives back what cannot be
        read."""
        found = Adoption([], {}, [])
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
            taken = self._taken(worker, some)
            for run, (record_, rows) in taken.runs.items():
                try:
                    if isinstance(record_, Unreadable):
                        raise record_
                    found.taken.append(self._opened(record_, plans[run], rows, self._usage, now))
                except Unreadable as error:
                    found.failed[run] = error
            found.children.extend((parent, child) for parent, child in taken.children if parent not in found.failed)
        self._give_back(worker, [record for record in fresh if record.id in found.failed])
        new = {record.id for record in fresh}
        self._label(worker, [adopted for adopted in found.taken if adopted.record.id in new])
        return found

    def _free(self, worker: str, records: Sequence[RunRecord]) -> list[RunRecord]:
        """Those that have not ended, and that no other living worker owns."""
        living = self._living({record.owner for record in records if record.owner is not None} - {worker})
        return [record for record in records if record.finished_at is None and record.owner not in living]

    def _taken(self, worker: str, records: Sequence[RunRecord]) -> "_Taken":
        """Those that nobody else has taken meanwhile."""
        if not records:
            return _Taken({}, [])
        numbers = {self._no(record.id): record for record in records}
        owners = [record.owner for record in numbers.values()]
        reads = self._reads([*numbers], worker)

        def job(transaction: Transaction) -> Transaction:
            transaction.tell(self._queries["need_version"], (known_version(FOLDER),))
            transaction.tell(self._queries["take"], (worker, [*numbers], owners))
            for sql, values in reads:
                transaction.tell(sql, values)
            return transaction

        try:
            answers = self._session.write("adopt", job).answers
        except LostOwnership:
            self._refuse_upgraded(*self._all("schema_version", ())[0])
            raise
        if answers is None:  # they are this worker's, and what they are was lost on the way
            return self._read([self._rows(sql, values) for sql, values in reads])
        return self._read(answers[2:])

    def _reads(self, numbers: Sequence[int], worker: str) -> list[tuple[str, Row]]:
        """What is to be known of the runs among these that are this worker's."""
        return [
            (
                f"{self._queries['run_columns']} WHERE no = ANY (?::bigint[]) AND owner = ? AND finished_at IS NULL",
                (numbers, worker),
            ),
            (_of_runs(self._queries["bare_task_columns"]), (numbers,)),
            (self._queries["lists"], (numbers,)),
            (self._queries["children_of"], (numbers,)),
        ]

    def _read(self, answers: Sequence[list[Row]]) -> "_Taken":
        runs, tasks, lists, children = answers
        items: dict[tuple[int, int], str] = {(run, seq): item for run, seq, item in lists}
        rows = {
            run: [_with_list(TaskRecord(*row), items.get((run, row[0]))) for _, *row in group]
            for run, group in groupby(tasks, itemgetter(0))
        }
        found: dict[str, _RunRows] = {row[1]: (self._record_or_trouble(row), rows.get(row[0], [])) for row in runs}
        return _Taken(found, [(parent, child) for parent, child in children if parent in found])

    def _label(self, worker: str, taken: Iterable[Adopted]) -> None:
        """An earlier version may have begun them, which wrote no labels: who has some would not hear of them."""
        shapes = {self._no(one.record.id): self._shape(one.record.plan_hash, one.plan) for one in taken}
        labelled = {no: shape for no, shape in shapes.items() if shape.labels}
        if not labelled:
            return
        self._statements.take()
        for no, shape in labelled.items():
            self._writer.label(no, shape)
        statements = self._statements.take()

        def job(transaction: Transaction) -> None:
            transaction.tell(self._queries["locked"], (sorted(labelled), worker))
            self._tell(statements, transaction)

        self._session.write("adopt", job)

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


def _with_list(row: TaskRecord, items: str | None) -> TaskRecord:
    return row if items is None else row._replace(item=items)
