"""Counts over the whole state, for the metrics. Reads with a connection of its own, since the store's contract has no counts."""

import os
import sqlite3
import threading
import time
from contextlib import closing
from typing import NamedTuple

from flow_engine.errors import StoreError
from flow_engine.stores.sqlite.connection import connect
from flow_runtime.state_folder import StateFolder

FRESH = 1.0
"""Seconds that a count is used again at least."""
SHARE = 0.05
"""The most of one core that counting may take, however often it is asked for: a count over millions of rows is used longer."""

_FILE = os.path.join(os.path.dirname(__file__), "sql", "census.sql")


class Census(NamedTuple):
    """`tasks` are those of runs that have not ended. `oldest_queued` is when the longest waiting run was submitted."""

    runs: dict[str, int]
    tasks: dict[str, int]
    oldest_queued: float | None


class Counter:
    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._last: Census | None = None
        self._good_until = 0.0

    def count(self) -> Census:
        """Raises StoreError."""
        with self._lock:
            began = time.monotonic()
            if self._last is None or began >= self._good_until:
                self._last = _counted(self._state)
                ended = time.monotonic()
                self._good_until = ended + max(FRESH, (ended - began) / SHARE)
            return self._last


def _counted(state: StateFolder) -> Census:
    try:
        return _read(state, _queries())
    except sqlite3.Error as error:
        raise StoreError(f"the state {state.root} could not be counted: {error}") from error


def _read(state: StateFolder, queries: dict[str, str]) -> Census:
    with closing(connect(state.database)) as connection:
        oldest = connection.execute(queries["oldest_queued"]).fetchone()
        return Census(
            _by_state(connection, queries["runs"]), _by_state(connection, queries["tasks"]), oldest and oldest[0]
        )


def _by_state(connection: sqlite3.Connection, query: str) -> dict[str, int]:
    return dict(connection.execute(query).fetchall())


def _queries() -> dict[str, str]:
    with open(_FILE, encoding="utf-8") as stream:
        parts = stream.read().split("-- name: ")
    named = (part.partition("\n") for part in parts[1:])
    return {name.strip(): body.strip() for name, _, body in named}
