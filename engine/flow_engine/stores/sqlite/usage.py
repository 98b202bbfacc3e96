"""What all workers hold together, counted from rows inside of the transaction that asks."""

import sqlite3
from collections.abc import Callable


class SqliteUsage:
    """Slots that dead workers have had are not counted: whoever takes their runs over runs it again. Runs that have begun are, whoever works
    on them, since they go on."""

    def __init__(self, connection: sqlite3.Connection, queries: dict[str, str], alive: Callable[[str], bool]) -> None:
        self._connection = connection
        self._queries = queries
        self._alive = alive

    def pool_size(self, pool: str) -> int | None:
        row = self._connection.execute(self._queries["pool_size"], (pool,)).fetchone()
        return None if row is None else int(row[0])

    def pool_slots(self, pool: str) -> int:
        rows = self._connection.execute(self._queries["pool_slots"], (pool,)).fetchall()
        return sum(count for owner, count in rows if owner is not None and self._alive(owner))

    def running(self, workflow: str) -> int:
        return int(self._connection.execute(self._queries["running"], (workflow,)).fetchone()[0])

    def rate(self, key: str) -> float:
        row = self._connection.execute(self._queries["rate"], (key,)).fetchone()
        return 0.0 if row is None else float(row[0])

    def set_rate(self, key: str, at: float) -> None:
        self._connection.execute(self._queries["set_rate"], (key, at))
