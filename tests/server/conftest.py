from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app
from starlette.testclient import TestClient
from support.command import Project
from support.server import Server

TOKEN = "a-token-for-tests-only"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server for all tests that leave it as it was."""
    with Server(Project(tmp_path_factory.mktemp("server") / "my state")) as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    made = StateFolder(str(tmp_path / "state"))
    open_store(made).close()
    return made


@pytest.fixture
def client(state: StateFolder) -> Iterator[TestClient]:
    """The application in this process, with no worker: its runs stay queued."""
    app = create_app(state, TOKEN)
    with TestClient(
        app, headers={"Authorization": f"Bearer {TOKEN}"}, raise_server_exceptions=False, follow_redirects=False
    ) as made:
        yield made
