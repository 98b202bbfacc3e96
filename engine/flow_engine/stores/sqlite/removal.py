"""Removing old runs from an SQLite state."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from flow_engine.stores.queries import load
from flow_engine.stores.removal import OF_IDS, OF_NUMBERS, Snapshot, SqlRemoval, Tree, ids_of, numbers_of
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading


class SqliteRemoval(SqlRemoval):
    """On a connection of the store. The newest run of all is never removed, since SQLite would give its number to another."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queries = load("removal.sql")

    def remove(self, trees: Sequence[Tree]) -> list[Tree]:
        with transaction(self._connection, "remove"):
            gone = self._unchanged(trees)
            for queries, of in ((OF_NUMBERS, numbers_of(gone)), (OF_IDS, ids_of(gone))):
                for query in queries:
                    self._connection.execute(self._queries[query], (of,))
        return gone

    def remove_expired(self, now: float) -> int:
        with transaction(self._connection, "remove"):
            return self._connection.execute(self._queries["remove_expired"], (now,)).rowcount

    def remove_plans(self, plans: Sequence[str]) -> int:
        if not plans:
            return 0
        with transaction(self._connection, "remove"):
            return self._connection.execute(self._queries["remove_plans"], (json.dumps(plans),)).rowcount

    def snapshot(self, marks: tuple[str, str], without: frozenset[int] = frozenset()) -> Snapshot:
        with reading(self._connection):
            self._connection.execute("BEGIN")
            first = self._connection.execute(self._queries["first_claim"]).fetchone()[0]
        return Snapshot(first, self._texts(marks, without))

    def _texts(self, marks: tuple[str, str], without: frozenset[int]) -> Iterator[str]:
        try:
            with reading(self._connection):
                rows = self._connection.execute(self._queries["texts_that_name_files"], marks)
                for run, text in rows:
                    if run not in without:
                        yield text
                named = self._connection.execute(self._queries["schedules_that_name_files"], marks)
                for (text,) in named:
                    yield text
        finally:
            self._connection.execute("COMMIT")

    def shrink(self) -> None:
        """Back to the disk; needs as much room for a while."""
        with reading(self._connection):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def free_bytes(self) -> int:
        with reading(self._connection):
            pages, size = (
                int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("freelist_count", "page_size")
            )
        return pages * size

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with reading(self._connection):
            return self._connection.execute(self._queries[query], values).fetchall()
