"""What cannot be done is said with its remedy, and never with a password."""

import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest
from flow_engine.errors import StoreError
from flow_engine.model import NewRun
from flow_engine.stores.open import open_state
from flow_engine.stores.postgres import PostgresStore
from flow_engine.stores.postgres.address import shown
from flow_engine.stores.postgres.transaction import Transaction
from flow_lang.bundle import bundle_of
from support.plans import digest, plan, task
from support.postgres import LOCKED, PostgresServer
from support.world import World


def refused(address: str) -> str:
    with pytest.raises(StoreError) as error:
        open_state(address)
    return str(error.value)


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        said = refused(f"postgresql://me:hunter2@127.0.0.1:{probe.getsockname()[1]}/flow")
    assert "could not be reached" in said
    assert "start that server" in said
    assert "hunter2" not in said


def test_a_wrong_password(server: PostgresServer) -> None:
    server.execute(f"CREATE ROLE {LOCKED} LOGIN PASSWORD 'right'")
    said = refused(server.url("postgres", f"{LOCKED}:hunter2"))
    assert "password authentication failed" in said
    assert "give the right user and password" in said
    assert "hunter2" not in said


def test_a_database_that_is_not_there(server: PostgresServer) -> None:
    assert "make it with `createdb`" in refused(server.url("nowhere"))


def test_a_database_that_is_read_only(server: PostgresServer, database: str) -> None:
    PostgresStore(database).close()
    server.execute(f"ALTER DATABASE {database.rpartition('/')[2]} SET default_transaction_read_only = on")
    with closing(PostgresStore(database)) as store:
        with pytest.raises(StoreError, match="name the primary server"):
            World(store).submit(plan(task("a")))
        assert store.newest() is None, "it is read all the same"


def test_an_encoding_that_cannot_hold_every_text(server: PostgresServer) -> None:
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    assert "createdb --encoding UTF8" in refused(server.url("latin"))


def test_a_full_disk(opened: Callable[[], PostgresStore]) -> None:
    store = opened()

    def full(transaction: Transaction) -> None:
        transaction.tell("INSERT INTO pool (name, slots) VALUES ('lost', 1)")
        transaction.ask(("SELECT 1", ()))
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    with pytest.raises(StoreError, match="free some space on the disk of the server"):
        store._session.write("pool", full)
    assert store.pools() == {}
    store.set_pool("kept", 1)
    assert store.pools() == {"kept": 1}


def test_a_text_that_postgresql_cannot_hold(opened: Callable[[], PostgresStore]) -> None:
    store, made = opened(), plan(task("a"))
    new = NewRun("run-1", digest(made), made, bundle_of(made), {}, "/tmp/\0", 1.0)
    with pytest.raises(StoreError, match="NUL"):
        store.submit(new)
    store.submit(new._replace(folder="/tmp"))


@pytest.mark.parametrize("error", [psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected])
def test_a_collision_is_tried_again(error: type[psycopg.Error], opened: Callable[[], PostgresStore]) -> None:
    store, tries = opened(), []

    def job(transaction: Transaction) -> str:
        transaction.tell("INSERT INTO pool (name, slots) VALUES ('p', 1)")
        transaction.ask(("SELECT 1", ()))
        tries.append(1)
        if len(tries) < 4:
            raise error("another one was in the way")
        return "done"

    assert store._session.write("pool", job) == "done"
    assert len(tries) == 4
    assert store.pools() == {"p": 1}


def test_a_key_that_another_has_just_taken(url: str, opened: Callable[[], PostgresStore]) -> None:
    """Between the look for it and the commit: found by the unique index, and then the run of the other is given."""
    store, other, made = opened(), opened(), plan(task("a"))
    new = NewRun("run-1", digest(made), made, bundle_of(made), {}, "/tmp", 1.0, idempotency_key="k")
    real, first = store._known, []

    def known(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        if not first:
            first.append(other.submit(new._replace(id="run-0")))
        return found

    store._known = known  # type: ignore[method-assign, assignment]
    assert store.submit(new) == ("run-0", False)


def test_what_is_secret_in_a_url_is_not_shown() -> None:
    assert (
        shown("postgresql://me:secret@host:5/db?sslmode=require&password=x")
        == "postgresql://me@host:5/db?sslmode=require"
    )
    assert shown("postgresql:///db") == "postgresql:///db"


def test_another_kind_of_address() -> None:
    assert "there is no store for mysql://" in refused("mysql://me:hunter2@host/db")


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_machine_without_the_driver_is_told_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from flow_engine.stores.open import open_state\n"
        "from flow_engine.errors import StoreError\n"
        "open_state(':memory:').close()\n"
        "try: open_state('postgresql://host/db')\n"
        "except StoreError as error: print(error)"
    )
    assert "pip install 'flow-dsl[distributed]'" in run_python(code)


def test_a_state_in_a_file_loads_no_driver() -> None:
    code = "import sys; from flow_engine.stores.open import open_state; open_state(':memory:'); print('psycopg' in sys.modules)"
    assert run_python(code) == "False\n"
