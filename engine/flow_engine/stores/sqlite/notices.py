"""The notices of an SQLite state as an outbox."""

import sqlite3
from collections.abc import Callable

from flow_lang.plan import Plan

from flow_engine.stores.notices import FILE, SqlNotices
from flow_engine.stores.sqlite.tables import SqliteTables


class SqliteNotices(SqliteTables, SqlNotices):
    """On a connection of the store."""

    def __init__(self, connection: sqlite3.Connection, plan_of: Callable[[str, str], Plan]) -> None:
        super().__init__(connection, "notices", FILE, "sqlite_notices.sql")
        self._plan_of = plan_of
