"""Opening the file, migrating it, and one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from flow_engine.crash_points import reached
from flow_engine.errors import StoreError
from flow_engine.stores.queries import migrations

BUSY_TIMEOUT = 30.0
"""Seconds that a transaction waits for another process's transaction."""


def connect(path: str) -> sqlite3.Connection:
    """Opens (and creates or migrates) the state at `path`. Raises StoreError."""
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, cached_statements=256)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = OFF")
        if _version(connection) == 0:
            connection.execute("PRAGMA journal_mode = WAL")
        _migrate(connection, path)
    except sqlite3.Error as error:
        raise StoreError(f"the state {path} cannot be opened: {error}") from error
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    version = _version(connection)
    if version and version == known_version():
        return
    with transaction(connection, "migrate"):
        scripts = migrations()
        version = _version(connection)
        if version > len(scripts):
            raise StoreError(
                f"the state {path} has version {version}, and this Flow knows up to {len(scripts)}: "
                "use the newer Flow that wrote it, or another FLOW_HOME"
            )
        for script in scripts[version:]:
            for statement in _statements(script):
                connection.execute(statement)
            reached("migrate.step")
        connection.execute(f"PRAGMA user_version = {len(scripts)}")


def known_version() -> int:
    return len(migrations())


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
        raise StoreError(f"the state could not be written: {error}") from error
