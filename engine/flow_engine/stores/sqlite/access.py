"""Tokens, sessions and the audit log of an SQLite state."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from flow_engine.access import AuditEntry
from flow_engine.stores.access import SqlAccess, Values
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading


class SqliteAccess(SqlAccess):
    """On a connection of the store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def note(self, entries: Sequence[AuditEntry]) -> None:
        """Not synced by itself: it outlives the process, and a failure of the power once the next commit of anything else is synced."""
        with reading(self._connection):
            (before,) = self._connection.execute("PRAGMA synchronous").fetchone()
            self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            super().note(entries)
        finally:
            with reading(self._connection):
                self._connection.execute(f"PRAGMA synchronous = {before}")

    def _rows(self, query: str, rest: str, values: Values) -> list[tuple[Any, ...]]:
        with reading(self._connection):
            return self._connection.execute(f"{self._queries[query]} {rest}", values).fetchall()

    def _write(self, *statements: tuple[str, Values]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with transaction(self._connection, "access"):
            for query, values in statements:
                rows = self._connection.execute(self._queries[query], values).fetchall()
        return rows
