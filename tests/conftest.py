from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import Project
from support.s3 import S3
from support.valkey import Valkey


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


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A server that all tests share, so each uses a prefix of its own."""
    server = S3(tmp_path_factory.mktemp("s3")).start()
    yield server
    server.kill()
