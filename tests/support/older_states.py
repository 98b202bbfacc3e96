"""A state as an earlier version of the schema would hold it, made by the migrations themselves up to that version."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flow_engine.stores.queries import migrations
from flow_engine.stores.sqlite import connection as opening


def versions() -> range:
    """Every earlier version."""
    return range(1, len(migrations()))


def as_version(path: Path, version: int) -> None:
    """Writes the rows of the state at `path` into a schema of this version: what it has no column for was not known then."""
    older = path.with_suffix(".older")
    with closing(sqlite3.connect(older, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        for script in migrations()[:version]:
            for statement in opening._statements(script):
                made.execute(statement)
        made.execute(f"PRAGMA user_version = {version}")
        made.execute("ATTACH ? AS now", (str(path),))
        for (table,) in made.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            columns = ", ".join(_columns(made, "main", table) & _columns(made, "now", table))
            made.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}")
    for name in ("", "-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)
        beside = Path(f"{older}{name}")
        if beside.exists():
            beside.rename(f"{path}{name}")


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


@contextmanager
def newer_flow(*scripts: str) -> Iterator[None]:
    """This process knows more migrations than there are, as a later Flow does."""
    kept = opening.migrations, opening.known_version
    every = [*migrations(), *scripts]
    opening.migrations, opening.known_version = (lambda: every), (lambda: len(every))
    try:
        yield
    finally:
        opening.migrations, opening.known_version = kept
