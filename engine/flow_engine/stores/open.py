"""Which store a state is kept in: told by its address alone."""

from collections.abc import Callable

from flow_engine.chance import draw
from flow_engine.errors import StoreError
from flow_engine.stores.contract import Store
from flow_engine.stores.shared import SharedStore

_POSTGRES = ("postgresql://", "postgres://")


def open_state(address: str, alive: Callable[[str], bool] | None = None, draw: Callable[[], float] = draw) -> Store:
    """`address` is a URL (`postgresql://user@host/database`) or the path of an SQLite file. `alive` tells whether a worker's incarnation
    still lives; without it, heartbeats do in PostgreSQL, and in a file every other worker counts as alive. Raises StoreError."""
    if address.startswith(_POSTGRES):
        return _postgres(address, alive, draw)
    scheme, found, _ = address.partition("://")
    if found:
        raise StoreError(
            f"there is no store for {scheme}://: give postgresql://user@host/database, or the path of a file"
        )
    from flow_engine.stores.sqlite import SqliteStore

    return SqliteStore(address, alive or _everybody_lives, draw)


def open_shared_state(url: str, draw: Callable[[], float] = draw, patience: float | None = None) -> SharedStore:
    """That of workers on many hosts. `patience`: seconds that an operation waits for a server that is gone. Raises StoreError."""
    if not url.startswith(_POSTGRES):
        raise StoreError(
            f"workers share a state in PostgreSQL: give postgresql://user@host/database in place of {url.partition(':')[0]}:..."
        )
    return _postgres(url, None, draw, patience)


def _postgres(
    url: str, alive: Callable[[str], bool] | None, draw: Callable[[], float], patience: float | None = None
) -> SharedStore:
    try:
        from flow_engine.stores.postgres import PostgresStore
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "psycopg" and "libpq" not in str(error):
            raise
        raise StoreError(
            "a state in PostgreSQL needs the package psycopg, which is not installed here: pip install 'flow-dsl[distributed]'"
        ) from error
    return PostgresStore(url, alive, draw) if patience is None else PostgresStore(url, alive, draw, patience)


def _everybody_lives(worker: str) -> bool:
    return True
