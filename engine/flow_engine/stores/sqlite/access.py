"""Tokens, sessions and the audit log of an SQLite state."""

import sqlite3
from collections.abc import Sequence

from flow_engine.access import AuditEntry
from flow_engine.stores.access import FILE, SqlAccess
from flow_engine.stores.sqlite.reads import reading
from flow_engine.stores.sqlite.tables import SqliteTables


class SqliteAccess(SqliteTables, SqlAccess):
    """On a connection of the store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, "access", FILE)

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
