"""Tables of an SQLite state."""

import sqlite3

from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading
from flow_engine.stores.tables import Rows, Tables, Values


class SqliteTables(Tables):
    """On a connection of the store. `name` is one of `crash_points.TRANSACTIONS`."""

    def __init__(self, connection: sqlite3.Connection, name: str, *files: str) -> None:
        super().__init__(*files)
        self._connection, self._name = connection, name

    def _rows(self, query: str, rest: str, values: Values) -> Rows:
        with reading(self._connection):
            return self._connection.execute(f"{self._queries[query]} {rest}", values).fetchall()

    def _write(self, *statements: tuple[str, Values]) -> list[Rows]:
        with transaction(self._connection, self._name):
            return [self._connection.execute(self._queries[query], values).fetchall() for query, values in statements]
