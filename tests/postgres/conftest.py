"""A server, and states of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from flow_engine.stores.postgres import PostgresStore
from support.postgres import PostgresServer, shared_server


@pytest.fixture
def server() -> PostgresServer:
    return shared_server()


@pytest.fixture
def url(server: PostgresServer) -> Iterator[str]:
    """An empty state."""
    with server.empty_state() as url:
        yield url


@pytest.fixture
def database(server: PostgresServer) -> str:
    """A database without a schema."""
    return server.database()


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], PostgresStore]]:
    """Handles of the state; every worker lives."""
    with ExitStack() as stores:
        yield lambda: stores.enter_context(closing(PostgresStore(url, lambda worker: True, lambda: 0.5)))
