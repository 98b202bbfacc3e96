"""The schema is made and migrated once, whoever comes at the same time and whatever stops it."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flow_engine.errors import OtherVersion, StoreError
from flow_engine.stores.postgres import PostgresStore, arrivals, schema
from flow_engine.stores.queries import known_version, migrations
from support.plans import plan, task
from support.postgres import PostgresServer
from support.world import World

OPEN = "import sys; from flow_engine.stores.postgres import PostgresStore; PostgresStore(sys.argv[1]).close()"
EXTRA = "CREATE TABLE extra (a TEXT); ALTER TABLE run ADD COLUMN extra TEXT;"


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def version(url: str) -> tuple[int, int]:
    ((number, readable_by),) = rows(url, "SELECT number, readable_by FROM flow.version")
    return number, readable_by


@contextmanager
def newer_flow(*scripts: str) -> Iterator[None]:
    """A Flow with more migrations than this one."""
    known = [*migrations(schema.FOLDER), *scripts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "migrations", lambda folder: known)
        for module in (schema, arrivals):
            patch.setattr(module, "known_version", lambda folder: len(known))
        yield


def test_many_open_a_new_database_at_once(database: str) -> None:
    barrier, failed = threading.Barrier(6), []

    def open_() -> None:
        barrier.wait(timeout=30)
        try:
            PostgresStore(database).close()
        except BaseException as error:  # noqa: BLE001 - a thread's error is told by the test
            failed.append(error)

    threads = [threading.Thread(target=open_) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    assert rows(database, "SELECT count(*) FROM flow.version") == [(1,)]


@pytest.mark.parametrize("point", ["migrate.step", "migrate.before_commit"])
def test_a_kill_in_the_middle_leaves_nothing(database: str, point: str) -> None:
    made = subprocess.run([sys.executable, "-c", OPEN, database], env=os.environ | {"FLOW_CRASH_AT": point}, timeout=60)
    assert made.returncode == -9
    assert rows(database, "SELECT to_regnamespace('flow')") == [(None,)]
    PostgresStore(database).close()
    assert version(database)[0] == len(migrations(schema.FOLDER))


def test_a_kill_in_the_middle_of_a_later_one_leaves_the_version_before(database: str, tmp_path: Path) -> None:
    with closing(PostgresStore(database)) as before:
        World(before).submit(plan(task("a")))
    kept = version(database)
    with newer_flow(EXTRA, "CREATE TABLE this is none"), pytest.raises(StoreError, match="syntax error"):
        PostgresStore(database)
    assert version(database) == kept
    assert rows(database, "SELECT to_regclass('flow.extra')") == [(None,)]
    with newer_flow(EXTRA), closing(PostgresStore(database)) as after:
        assert after.run("run-1").state == "queued"
    assert version(database) == (kept[0] + 1, kept[0] + 1)


def test_a_newer_schema_is_refused(database: str) -> None:
    with newer_flow(EXTRA):
        PostgresStore(database).close()
    with pytest.raises(OtherVersion, match="use the newer Flow that wrote it"):
        PostgresStore(database)


def test_the_version_before_goes_on_where_it_can_read_the_newer_one(database: str) -> None:
    """A cluster is upgraded one process after the other."""
    with closing(PostgresStore(database)) as older:
        world = World(older)
        world.start(plan(task("a"), task("b", "a")))
        own = len(migrations(schema.FOLDER))
        with newer_flow(f"-- readable by: {own}\n" + EXTRA):
            PostgresStore(database).close()
        assert version(database) == (own + 1, own)
        assert world.run_all() == ["a", "b"]
    with closing(PostgresStore(database)) as another:
        World(another).submit(plan(task("a")), "run-2")


def test_who_had_it_open_during_an_upgrade_takes_nothing_in_hand_any_more(database: str) -> None:
    with closing(PostgresStore(database)) as older:
        world = World(older)
        world.submit(plan(task("a")))
        world.submit(plan(task("a")), "run-0")  # whose plan it has seen
        with newer_flow(EXTRA):
            PostgresStore(database).close()
        with pytest.raises(OtherVersion, match="start the newer Flow in its place"):
            older.adopt("w1", "run-1", world.now)
        with pytest.raises(OtherVersion, match="start the newer Flow in its place"):
            world.submit(plan(task("a")), "run-2")


def test_the_schema_of_another_program_is_left_alone(database: str, server: PostgresServer) -> None:
    rows(database, "CREATE SCHEMA flow; CREATE TABLE flow.theirs (a int)")
    with pytest.raises(StoreError, match="of another program \\(with theirs\\): name another database"):
        PostgresStore(database)
    assert rows(database, "SELECT relname FROM pg_class WHERE relnamespace = 'flow'::regnamespace") == [("theirs",)]


def test_rows_of_the_version_before_labels_stay_and_that_version_is_refused(database: str) -> None:
    """It would take tasks that need labels which its worker has not."""
    before = migrations(schema.FOLDER)[:4]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "migrations", lambda folder: before)
        patch.setattr(schema, "known_version", lambda folder: len(before))
        PostgresStore(database).close()
        assert version(database)[0] == 4
        rows(database, "INSERT INTO flow.task (run, seq, node, state) VALUES (1, 0, 0, 'ready'), (1, 1, 1, 'waiting')")
        rows(database, "INSERT INTO flow.worker (incarnation, host, pid) VALUES ('w1', 'h', 1)")
        with pytest.MonkeyPatch.context() as newer:
            newer.setattr(schema, "migrations", migrations)
            newer.setattr(schema, "known_version", known_version)
            PostgresStore(database).close()
        assert version(database) == (len(migrations(schema.FOLDER)), 5)
        with pytest.raises(OtherVersion, match="use the newer Flow that wrote it"):
            PostgresStore(database)
    assert rows(database, "SELECT seq, labels, wanted FROM flow.task ORDER BY seq") == [
        (0, None, None),
        (1, None, None),
    ]
    assert rows(database, "SELECT labels FROM flow.worker") == [("[]",)]
