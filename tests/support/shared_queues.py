"""The shared queues that ship, each empty for one simulation."""

import atexit
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from flow_engine.queues.contract import Clock, SharedQueue
from flow_engine.queues.redis import RedisQueue
from flow_engine.queues.redis.scripts import Call
from flow_engine.queues.shared_memory import SharedMemoryQueue

from support.valkey import Valkey

LEASE = 30.0
LANE = "simulation"
KEPT = ("state", "wake", "timer", "answer")
"""What a lane may have where nobody has a hint."""


class Service(Protocol):
    def open(self, clock: Clock, again: Callable[[], bool]) -> SharedQueue:
        """Another worker's view. Where `again` says so, its client sends a request once more."""
        ...

    def flush(self) -> None:
        """It loses all that it has."""
        ...

    def forget_scripts(self) -> None: ...

    def need_clean(self) -> None:
        """Raises AssertionError where there is more than the queue needs for itself."""
        ...


class MemoryService:
    def __init__(self) -> None:
        self._first: SharedMemoryQueue | None = None

    def open(self, clock: Clock, again: Callable[[], bool]) -> SharedQueue:
        made = SharedMemoryQueue(LEASE, clock=clock, lease_clock=clock, beside=self._first)
        self._first = self._first or made
        return made

    def flush(self) -> None:
        if self._first is not None:
            self._first.clear()

    def forget_scripts(self) -> None:
        """It has none."""

    def need_clean(self) -> None:
        """It has no keys."""


class _Repeating(RedisQueue):
    """Sends a request once more where it is told so, as the client does when an answer stays out."""

    again: Callable[[], bool]

    def _run(self, calls: Sequence[Call]) -> list[Any]:
        answers = super()._run(calls)
        return super()._run(calls) if self.again() else answers


class RedisService:
    def __init__(self, server: Valkey, opened: ExitStack) -> None:
        self._client = opened.enter_context(server.client())
        self._url, self._opened = server.url, opened

    def open(self, clock: Clock, again: Callable[[], bool]) -> SharedQueue:
        queue = _Repeating(self._url, LANE, lease=LEASE, clock=clock, lease_clock=clock)
        queue.again = again
        return self._opened.enter_context(closing(queue))

    def flush(self) -> None:
        self._client.flushall()

    def forget_scripts(self) -> None:
        self._client.script_flush()

    def need_clean(self) -> None:
        keys = [key.decode().removeprefix(f"flow:{{{LANE}/0}}:") for key in self._client.scan_iter()]
        left = sorted(key for key in keys if key.partition(":")[0] not in KEPT)
        assert not left, f"the queue is empty, and has these keys: {left}"


@contextmanager
def memory() -> Iterator[Service]:
    yield MemoryService()


@contextmanager
def redis() -> Iterator[Service]:
    with ExitStack() as opened:
        service = RedisService(shared_valkey(), opened)
        service.flush()
        yield service


QUEUES: dict[str, Callable[[], AbstractContextManager[Service]]] = {"memory": memory, "redis": redis}

_shared: list[Valkey] = []


def shared_valkey() -> Valkey:
    """That of this process, from the first use on: who has it may flush it."""
    if not _shared:
        folder = tempfile.TemporaryDirectory(prefix="flow-valkey-")
        _shared.append(Valkey(Path(folder.name)).start())
        atexit.register(folder.cleanup)
        atexit.register(_shared[0].kill)
    return _shared[0]
