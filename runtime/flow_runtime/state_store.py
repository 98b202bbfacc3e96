"""The store of a state: the SQLite file in its folder, or PostgreSQL where a URL names it."""

import os
from collections.abc import Callable

from flow_engine.chance import draw
from flow_engine.errors import StoreError
from flow_engine.stores.contract import Store
from flow_engine.stores.sqlite import SqliteStore

from flow_runtime.incarnation import alive
from flow_runtime.state_folder import StateFolder, usable


def open_store(state: StateFolder, incarnation: str = "", draw: Callable[[], float] = draw) -> Store:
    """The state's store; any process may read and submit through it. Raises StoreError."""
    if state.database_url:
        from flow_runtime.shared_state import open_shared

        return open_shared(state, draw)
    if state.queue_url:
        raise StoreError(
            "FLOW_QUEUE is for workers that share a database: name that with FLOW_DATABASE=postgresql://user@host/database, or unset FLOW_QUEUE"
        )
    return open_file(state, incarnation, draw)


def open_file(state: StateFolder, incarnation: str = "", draw: Callable[[], float] = draw) -> SqliteStore:
    """The store in the folder."""
    with usable(state):
        state.make()
        _refuse_emptied(state)
    return SqliteStore(state.database, lambda other: other == incarnation or alive(state, other), draw)


def _refuse_emptied(state: StateFolder) -> None:
    """A database without a byte beside logs of runs was cut, and must not be begun anew. A crash while it is made leaves no logs."""
    if os.path.exists(state.database) and not os.path.getsize(state.database) and os.listdir(state.logs):
        raise StoreError(
            f"{state.database} is empty, and {state.logs} has logs of runs: put a backup of {state.root} in its place, "
            "or remove the file to begin anew"
        )
