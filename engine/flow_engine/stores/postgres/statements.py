"""What is to be written, noted as statements: a transaction that has failed through no fault of its own is sent again."""

from collections.abc import Sequence

from flow_engine.stores.postgres.transaction import Row

Noted = list[tuple[str, Row]]
"""SQL and its values."""


class PostgresStatements:
    """See `writes.Statements`. Many rows are one statement, with an array for each column. What is refused where rows are not as expected
    is refused by the server, at the commit (`expect_rows`)."""

    def __init__(self, queries: dict[str, str]) -> None:
        self._queries = queries
        self._noted: Noted = []

    def take(self) -> Noted:
        """All since the last time."""
        noted, self._noted = self._noted, []
        return noted

    def one(self, query: str, values: Row) -> None:
        self._noted.append((self._queries[query], values))

    def many(self, query: str, rows: Sequence[Row]) -> None:
        self.one(query, tuple(map(list, zip(*rows, strict=True))))

    def each(self, query: str, rows: Sequence[Row]) -> bool:
        self.many(query, rows)
        return True

    def alike(self, query: str, values: Row, count: int) -> bool:
        self.one(query, values)
        return True
