import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app
from starlette.testclient import TestClient

TOKEN = "a-token-for-tests-only"


@pytest.fixture(scope="module", autouse=True)
def private() -> Iterator[None]:
    """What a test writes is its user's own: a configuration of others is refused."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """The application on a state in a file."""
    state = StateFolder(str(tmp_path / "state"))
    open_store(state).close()
    with TestClient(create_app(state, TOKEN), headers={"Authorization": f"Bearer {TOKEN}"}) as made:
        yield made
