"""Opening the file, migrating it, and one transaction."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flow_engine.crash_points import reached
from flow_engine.errors import OtherVersion, StoreError
from flow_engine.stores.queries import known_version, migrations
from flow_engine.stores.sqlite.handles import Handle, opening
from flow_engine.stores.sqlite.soundness import refuse_damaged
from flow_engine.stores.sqlite.troubles import UNREADABLE, path_of, trouble

BUSY_TIMEOUT = 30.0
"""Seconds that a transaction waits for another process's transaction."""


def connect(path: str, alive: Callable[[str], bool] = lambda incarnation: True) -> sqlite3.Connection:
    """Opens (and creates or migrates) the state at `path`; `alive` tells whether a worker still lives. Raises StoreError."""
    with opening:
        return _connected(path, alive)


def _connected(path: str, alive: Callable[[str], bool]) -> sqlite3.Connection:
    try:
        refuse_damaged(path)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT, isolation_level=None, cached_statements=256, factory=Handle
        )
        connection.opened(path)
    except sqlite3.Error as error:
        raise trouble(path, "opened", error) from error
    except OSError as error:
        raise StoreError(f"the state {path} could not be opened: {error.strerror}; {UNREADABLE}") from error
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = OFF")
        if _version(connection) == 0:
            _refuse_foreign(connection, path)
            _to_wal(connection)
        _migrate(connection, path, alive)
    except sqlite3.Error as error:
        connection.close()
        raise trouble(path, "opened", error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_foreign(connection: sqlite3.Connection, path: str) -> None:
    """A database that has tables and no version is another program's."""
    found = connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
    if found is not None and _version(connection) == 0:  # another process may have made the state since
        raise StoreError(
            f"{path} is a database of another program (it has {found[0]}): set FLOW_HOME to another folder"
        )


def _to_wal(connection: sqlite3.Connection) -> None:
    """Where two processes make one state at the same time, SQLite refuses this to one at once, without its own waiting."""
    end = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
        time.sleep(0.005)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: str, alive: Callable[[str], bool]) -> None:
    """All steps in one transaction: a crash in the middle leaves the version that there was."""
    if _version(connection) == known_version():
        return
    with transaction(connection, "migrate"):
        scripts = migrations()
        version = _version(connection)
        if version > len(scripts):
            raise OtherVersion(
                f"the state {path} has version {version}, and this Flow knows up to {len(scripts)}: "
                "use the newer Flow that wrote it, or another FLOW_HOME"
            )
        if 0 < version < len(scripts):
            _refuse_in_use(connection, path, alive)
        for script in scripts[version:]:
            for statement in _statements(script):
                connection.execute(statement)
            reached("migrate.step")
        connection.execute(f"PRAGMA user_version = {len(scripts)}")


def _refuse_in_use(connection: sqlite3.Connection, path: str, alive: Callable[[str], bool]) -> None:
    """A worker of the version before goes on with the rows as it knows them, so that it has to end first."""
    rows = connection.execute("SELECT id, owner FROM run WHERE finished_at IS NULL AND owner IS NOT NULL")
    at_work = [run for run, owner in rows if alive(owner)]
    if at_work:
        raise OtherVersion(
            f"the state {path} is of an earlier version, and a process of the earlier Flow works on run {at_work[0]} of it: "
            "let that run end, or stop that process, and start again; nothing was changed"
        )


def refuse_upgraded(connection: sqlite3.Connection) -> None:
    """Inside of a transaction that takes a run in hand: another process may have upgraded the state since this one opened it."""
    version, known = _version(connection), known_version()
    if version != known:
        raise OtherVersion(
            f"the state {path_of(connection)} was upgraded to version {version} while this process, which knows {known}, had it open: "
            "start the newer Flow in its place"
        )


def _statements(script: str) -> list[str]:
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]


@contextmanager
def transaction(connection: sqlite3.Connection, name: str) -> Iterator[None]:
    """BEGIN IMMEDIATE ... COMMIT; any exception rolls back. SQLite's own become StoreError. `name` is one of `crash_points.TRANSACTIONS`."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            reached(name + ".before_commit")
            connection.execute("COMMIT")
            reached(name + ".after_commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise trouble(path_of(connection), "written", error) from error


class SqliteStatements:
    """Named queries, inside of a transaction; see `writes.Statements`."""

    def __init__(self, connection: sqlite3.Connection, queries: dict[str, str]) -> None:
        self._connection = connection
        self._queries = queries

    def one(self, query: str, values: tuple[Any, ...]) -> None:
        self._connection.execute(self._queries[query], values)

    def many(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._connection.executemany(self._queries[query], rows)

    def each(self, query: str, rows: Sequence[tuple[Any, ...]]) -> bool:
        return self._connection.executemany(self._queries[query], rows).rowcount == len(rows)

    def alike(self, query: str, values: tuple[Any, ...], count: int) -> bool:
        return self._connection.execute(self._queries[query], values).rowcount == count
