"""Every store and every queue that ships stands under the same tests. A backend that lacks something says so in `Backend`, by name."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from flow_engine.queues.contract import Queue, SharedQueue
from flow_engine.queues.memory import MemoryQueue
from flow_engine.queues.redis import RedisQueue
from flow_engine.queues.shared_memory import SharedMemoryQueue
from flow_engine.stores.contract import Store
from support.stores import STATES, Open
from support.valkey import Valkey
from support.world import World


class Backend(NamedTuple):
    """`state`: a state of its own for one test. `durable`: another connection (after `reopen`) sees what was committed. `removes`: old runs can
    be removed from it."""

    name: str
    state: Callable[[Path], AbstractContextManager[Open]]
    durable: bool
    removes: bool


BACKENDS = tuple(
    Backend(name, state, durable=name != "memory", removes=name != "memory") for name, state in STATES.items()
)


class Queues:
    """Opens queues of one kind; the workers of one test see the same hints. What is due is told by `now`; leases go by real time, or
    by `lease_now` where a test gives it before it opens them."""

    def __init__(self, kind: str, valkey: Valkey | None, lane: str) -> None:
        self.now = 0.0
        self.lease_now: float | None = None
        self._kind, self._valkey, self._lane = kind, valkey, lane
        self._first: SharedMemoryQueue | None = None
        self._opened: list[RedisQueue] = []

    def one(self) -> Queue:
        return MemoryQueue() if self._kind == "memory" else self.shared()

    def shared(self, lease: float = 30.0, weights: dict[str, float] | None = None) -> SharedQueue:
        """Another worker's."""
        lease_clock = None if self.lease_now is None else self._lease_clock
        if self._valkey is None:
            made = SharedMemoryQueue(lease, weights, lambda: self.now, lease_clock or time.time, beside=self._first)
            self._first = self._first or made
            return made
        made_there = RedisQueue(
            self._valkey.url, self._lane, 0, lease, weights, lambda: self.now, lease_clock=lease_clock
        )
        self._opened.append(made_there)
        return made_there

    def _lease_clock(self) -> float:
        assert self.lease_now is not None
        return self.lease_now

    def close(self) -> None:
        for queue in self._opened:
            queue.clear()
            queue.close()


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


@pytest.fixture(params=["memory", "shared memory", "valkey"])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    yield from (found.one() for found in _queues(request))


@pytest.fixture(params=["shared memory", "valkey"])
def queues(request: pytest.FixtureRequest) -> Iterator[Queues]:
    yield from _queues(request)


def _queues(request: pytest.FixtureRequest) -> Iterator[Queues]:
    valkey = request.getfixturevalue("valkey") if request.param == "valkey" else None
    found = Queues(request.param, valkey, request.node.name)
    yield found
    found.close()
