"""Making and migrating the schema `flow`. Any number of processes may open a state at once: one of them migrates, the others wait."""

import psycopg

from flow_engine.crash_points import reached
from flow_engine.errors import OtherVersion, StoreError
from flow_engine.stores.postgres.address import shown
from flow_engine.stores.postgres.transaction import Row
from flow_engine.stores.postgres.troubles import UNDEFINED, code_of
from flow_engine.stores.queries import known_version, migrations

FOLDER = "postgres_migrations"
_READABLE = "-- readable by: "
"""A migration may begin with this and a number: the oldest version that can go on with what it makes. Else that is its own."""
_LOCK = 0x666C6F77
"""The advisory lock of all migrations: `flow`."""


def bring_up(connection: psycopg.Connection[Row], url: str, query: str) -> None:
    """Makes or migrates the schema where that is needed, in one transaction. Raises OtherVersion, StoreError."""
    version, readable_by = _version(connection, query)
    _refuse_newer(version, readable_by, url)
    if version < known_version(FOLDER):
        _migrate(connection, url, query)


def _version(connection: psycopg.Connection[Row], query: str) -> tuple[int, int]:
    """0 where there is none."""
    try:
        row = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        if code_of(error) in UNDEFINED:
            return 0, 0
        raise
    return (0, 0) if row is None else (row[0], row[1])


def _refuse_newer(version: int, readable_by: int, url: str) -> None:
    known = known_version(FOLDER)
    if known < readable_by:
        raise OtherVersion(
            f"the state {shown(url)} has version {version}, which this Flow cannot work with (it knows up to {known}): "
            "use the newer Flow that wrote it, or another database"
        )


def _migrate(connection: psycopg.Connection[Row], url: str, query: str) -> None:
    with connection.transaction():
        connection.execute(b"SET LOCAL lock_timeout = 0")
        connection.execute(b"SELECT pg_advisory_xact_lock($1)", (_LOCK,))
        connection.execute(b"SAVEPOINT look")
        version, readable_by = _version(connection, query)
        connection.execute(b"ROLLBACK TO look")
        _refuse_newer(version, readable_by, url)
        scripts = migrations(FOLDER)
        if version >= len(scripts):
            return
        if version == 0:
            _begin(connection, url)
        for number, script in enumerate(scripts[version:], version + 1):
            connection.execute(script.encode())
            readable_by = max(readable_by, _readable_by(script, number))
            reached("migrate.step")
        connection.execute(b"UPDATE flow.version SET number = $1, readable_by = $2", (len(scripts), readable_by))
        reached("migrate.before_commit")
    reached("migrate.after_commit")


def _begin(connection: psycopg.Connection[Row], url: str) -> None:
    found = connection.execute(
        b"SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('flow') LIMIT 1"
    ).fetchone()
    if found is not None:
        raise StoreError(
            f"the database {shown(url)} has a schema `flow` of another program (with {found[0]}): name another database in the URL"
        )
    connection.execute(b"CREATE SCHEMA IF NOT EXISTS flow")
    connection.execute(b"CREATE TABLE flow.version (number INTEGER NOT NULL, readable_by INTEGER NOT NULL)")
    connection.execute(b"INSERT INTO flow.version VALUES (0, 0)")


def _readable_by(script: str, number: int) -> int:
    first = script.partition("\n")[0]
    return int(first.removeprefix(_READABLE)) if first.startswith(_READABLE) else number
