from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flow_engine.queues.redis import RedisQueue
from support.valkey import Valkey


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Valkey]:
    """A server that the test may kill."""
    server = Valkey(tmp_path).start()
    yield server
    server.kill()


@pytest.fixture
def open_queue(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Callable[..., RedisQueue]]:
    opened: list[RedisQueue] = []

    def open_(url: str = "", **settings: object) -> RedisQueue:
        opened.append(RedisQueue(url or valkey.url, request.node.name, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for queue in opened:
        queue.close()
