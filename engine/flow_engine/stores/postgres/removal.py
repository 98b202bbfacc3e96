"""Removing old runs from a PostgreSQL state.

Whoever removes locks the rows first that others lock before they build on them: a run that is tried again or taken over from, a plan of
which a run or a schedule is about to be kept. What is looked at after that is so until the commit.
"""

import json
import re
from collections.abc import Sequence

from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.transaction import Row, Transaction
from flow_engine.stores.queries import load
from flow_engine.stores.removal import OF_IDS, OF_NUMBERS, Snapshot, SqlRemoval, Tree, ids_of, numbers_of

_TABLES = ("task", "attempt", "event", "run", "signal", "dead_letter", "cache", "plan")


class PostgresRemoval(SqlRemoval):
    """On the connection of a store."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queries = load("removal.sql", "postgres_removal.sql")

    def remove(self, trees: Sequence[Tree]) -> list[Tree]:
        def job(transaction: Transaction) -> list[Tree]:
            transaction.ask((self._queries["lock_runs"], (numbers_of(trees),)), writes=True)
            gone = self._unchanged(trees)
            for queries, of in ((OF_NUMBERS, numbers_of(gone)), (OF_IDS, ids_of(gone))):
                for query in queries:
                    transaction.tell(self._queries[query], (of,))
            return gone

        return self._session.write("remove", job) if trees else []

    def remove_expired(self, now: float) -> int:
        return len(self._session.write_one("remove", self._queries["remove_expired"], (now,)))

    def remove_plans(self, plans: Sequence[str]) -> int:
        """In two statements: what others have kept until the plans were locked is seen by the second."""

        def job(transaction: Transaction) -> int:
            of = json.dumps(list(plans))
            transaction.ask((self._queries["lock_plans"], (of,)), writes=True)
            return len(transaction.ask((self._queries["remove_plans"], (of,)))[0])

        return self._session.write("remove", job) if plans else 0

    def snapshot(self, marks: tuple[str, str], without: frozenset[int] = frozenset()) -> Snapshot:
        """One statement, and so of one moment. The texts are cut to what a path can be from a mark on, each once."""
        pattern = f'(?:{"|".join(map(re.escape, marks))})[^"\\\\]*'
        rows = self._all("snapshot", pattern, json.dumps(list(without)))
        (first,) = [float(text) if text is not None else None for is_claim, text in rows if is_claim]
        return Snapshot(first, iter([text for is_claim, text in rows if not is_claim]))

    def shrink(self) -> None:
        """For other rows, and at the end of a table back to the disk: `VACUUM FULL` would keep everybody waiting."""
        for table in _TABLES:
            self._session.rows(f"VACUUM (ANALYZE) {table}", ())

    def free_bytes(self) -> int:
        """What dead rows take, by the server's own estimate of their number; less what vacuum has freed since."""
        return int(self._all("dead_bytes")[0][0])

    def _all(self, query: str, *values: object) -> list[Row]:
        return self._session.rows(self._queries[query], values)
