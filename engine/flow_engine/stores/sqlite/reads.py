"""How SQLite reads, and what of it no other store has."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flow_engine.decisions.books import Books
from flow_engine.model import TaskRecord
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.live import LiveRuns
from flow_engine.stores.sqlite.soundness import Presence
from flow_engine.stores.sqlite.troubles import path_of, trouble

CHUNK = 500
"""How many rows one query names, well below SQLite's limit of variables."""


class SqliteReads(LiveRuns):
    def __init__(self, connection: sqlite3.Connection, queries: dict[str, str], books: Books) -> None:
        super().__init__(queries, books)
        self._connection = connection
        self._kept: set[str] = set()
        self._presence = Presence(path_of(connection), connection)

    def _task_records(self, rest: str, run: str, values: bool = False) -> list[TaskRecord]:
        """Made one by one as they are read: a run has a hundred thousand."""
        columns = self._queries["task_columns" if values else "bare_task_columns"]
        number = self._no(run)
        with reading(self._connection):
            return [TaskRecord._make(row) for row in self._connection.execute(f"{columns} {rest}", (number,))]

    def cancel_requests(self, worker: str) -> list[str]:
        self._presence.check()  # whoever works on runs asks this all the time
        return super().cancel_requests(worker)

    def changes(self) -> int:
        """A number that moves when another process has written to the state."""
        return int(self._rows("PRAGMA data_version", ())[0][0])

    def close(self) -> None:
        self._connection.close()

    def _namespace_clause(self, filter_: RunFilter) -> str:
        # a page of all runs goes along their ids and stops; with an index of the namespace SQLite would sort all of it
        return "+namespace = ?" if filter_.state is None and filter_.workflow is None else "namespace = ?"

    def _column(self, column: str, run: str, rows: Sequence[int]) -> list[str | None]:
        found: dict[int, str | None] = {}
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            marks = ", ".join("?" * len(chunk))
            sql = f"SELECT seq, {column} FROM task WHERE run = ? AND seq IN ({marks})"  # noqa: S608
            found.update(dict(self._rows(sql, (self._no(run), *chunk))))
        return [found.get(row) for row in rows]

    def _execute(self, query: str, values: Sequence[Any]) -> sqlite3.Cursor:
        with reading(self._connection):
            return self._connection.execute(self._queries[query], values)

    def _rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """A damaged file may only show while the rows are fetched."""
        with reading(self._connection):
            return self._connection.execute(sql, values).fetchall()


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise trouble(path_of(connection), "used", error) from error
