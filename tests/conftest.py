import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flow_engine.queues.redis import RedisQueue
from support.command import Project
from support.s3 import S3
from support.valkey import Valkey

os.environ.setdefault("FLOW_LOG", "text")  # what roles say is read as a person reads it


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a folder whose name has a space, since users have such folders."""
    return Project(tmp_path / "my project")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server that all tests share, so each uses a lane of its own, and none flushes or kills it."""
    server = Valkey(tmp_path_factory.mktemp("valkey")).start()
    yield server
    server.kill()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Valkey]:
    """A server that the test may kill."""
    server = Valkey(tmp_path).start()
    yield server
    server.kill()


@pytest.fixture
def open_queue(request: pytest.FixtureRequest) -> Iterator[Callable[..., RedisQueue]]:
    """Opens queues of the shared server, or of another one by its URL, in the test's own lane."""
    opened: list[RedisQueue] = []

    def open_(url: str = "", **settings: object) -> RedisQueue:
        address = url or request.getfixturevalue("valkey").url
        opened.append(RedisQueue(address, request.node.name, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for queue in opened:
        queue.close()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A server that all tests share, so each uses a prefix of its own."""
    server = S3(tmp_path_factory.mktemp("s3")).start()
    yield server
    server.kill()
