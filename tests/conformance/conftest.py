"""Every store and every queue that ships stands under the same tests. A backend that lacks something says so in `Backend`, by name."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flow_engine.queues.contract import Queue
from flow_engine.queues.memory import MemoryQueue
from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.sqlite import SqliteStore
from support.world import World


class Backend(NamedTuple):
    """`durable`: another connection (after `reopen`) sees what was committed."""

    name: str
    open: Callable[[Path, Callable[[str], bool]], Store]
    durable: bool


BACKENDS = (
    Backend("memory", lambda folder, alive: MemoryStore(alive, draw=lambda: 0.5), durable=False),
    Backend(
        "sqlite", lambda folder, alive: SqliteStore(str(folder / "flow.db"), alive, draw=lambda: 0.5), durable=True
    ),
)
QUEUES: dict[str, Callable[[], Queue]] = {"memory": MemoryQueue}


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


@pytest.fixture
def dead() -> set[str]:
    """Workers that a test declares dead."""
    return set()


@pytest.fixture
def open_store(backend: Backend, tmp_path: Path, dead: set[str]) -> Iterator[Callable[[], Store]]:
    """Opens the state of this test; again for a second connection, where the backend is durable."""
    opened: list[Store] = []

    def open_() -> Store:
        if opened and not backend.durable:
            return opened[0]
        opened.append(backend.open(tmp_path, lambda worker: worker not in dead))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def world(open_store: Callable[[], Store]) -> World:
    return World(open_store())


@pytest.fixture(params=QUEUES)
def queue(request: pytest.FixtureRequest) -> Queue:
    return QUEUES[request.param]()
