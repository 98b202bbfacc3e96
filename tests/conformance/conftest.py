"""Every store and every queue that ships stands under the same tests. A backend that lacks something says so in `Backend`, by name."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from flow_engine.queues.contract import Queue
from flow_engine.queues.memory import MemoryQueue
from flow_engine.stores.contract import Store
from support.stores import STATES, Open
from support.world import World


class Backend(NamedTuple):
    """`state`: a state of its own for one test. `durable`: another connection (after `reopen`) sees what was committed."""

    name: str
    state: Callable[[Path], AbstractContextManager[Open]]
    durable: bool


BACKENDS = tuple(Backend(name, state, durable=name != "memory") for name, state in STATES.items())
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
    with backend.state(tmp_path) as open_:
        yield lambda: open_(lambda worker: worker not in dead, lambda: 0.5)


@pytest.fixture
def world(open_store: Callable[[], Store]) -> World:
    return World(open_store())


@pytest.fixture(params=QUEUES)
def queue(request: pytest.FixtureRequest) -> Queue:
    return QUEUES[request.param]()
