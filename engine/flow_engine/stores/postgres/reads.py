"""How PostgreSQL reads, and what of it no other store has."""

from collections.abc import Sequence
from typing import Any

from flow_engine.decisions.books import Books
from flow_engine.stores.live import LiveRuns
from flow_engine.stores.outcomes import gathered, refuse_more
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.transaction import Row


class PostgresReads(LiveRuns):
    def __init__(self, session: Session, queries: dict[str, str], books: Books) -> None:
        super().__init__(queries, books)
        self._session = session

    def gather(self, run: str, node: int, most: int | None = None) -> list[str]:
        """Two round trips where there is a limit: what is too large is not fetched."""
        first, size = self._span(run, node)
        values = (self._no(run), first, first + max(size, 0))
        if most is not None:
            refuse_more(self._all("size_of_results", values)[0][0], most)
        return gathered((row[0] for row in self._all("gather", values)), most)

    def close(self) -> None:
        self._session.close()

    def _column(self, column: str, run: str, rows: Sequence[int]) -> list[str | None]:
        sql = f"SELECT seq, {column} FROM task WHERE run = ? AND seq = ANY (?::int[])"  # noqa: S608
        found: dict[int, str | None] = dict(self._rows(sql, (self._no(run), list(rows)))) if rows else {}
        return [found.get(row) for row in rows]

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Row]:
        return self._session.rows(sql, values)
