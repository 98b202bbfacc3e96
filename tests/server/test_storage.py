"""Logs that another host has written, over HTTP and in the pages."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.local import FolderStorage
from flow_server.app import create_app
from starlette.testclient import TestClient
from support.plans import plan, task
from support.world import World

TOKEN = "a-token-for-tests-only"
RUN = "01m8n5e0ep6rsvbgd037mrmd3f"


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStorage:
    monkeypatch.setenv("FLOW_STORAGE", str(tmp_path / "share"))
    return FolderStorage(str(tmp_path / "share"))


@pytest.fixture
def client(state: StateFolder, storage: FolderStorage) -> Iterator[TestClient]:
    """A server that has run nothing itself. `RUN` has two tasks, each with a first attempt."""
    with closing(open_store(state)) as store:
        world = World(store)
        world.start(plan(task("one"), task("two")), RUN)
        world.tick()
    with TestClient(create_app(state, TOKEN), raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


def log_of(client: TestClient, name: str, query: str = "") -> str:
    answer = client.get(f"/api/v1/runs/{RUN}/tasks/{name}/logs{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_logs_of_other_hosts_are_served(client: TestClient, state: StateFolder, storage: FolderStorage) -> None:
    assert log_of(client, "one") == ""
    storage.put_bytes(f"logs/{RUN}/0.1.log.part-000000000000-000000000006", b"begun\n")
    storage.put_bytes(f"logs/{RUN}/1.1.log", b"of the second\n")
    os.makedirs(f"{state.logs}/{RUN}", exist_ok=True)
    client.app.state.services.logs._period = 0  # type: ignore[attr-defined]
    assert log_of(client, "one") == "begun\n"
    assert log_of(client, "two") == "of the second\n"
    assert log_of(client, "two", "?tail=7") == "second\n"
    storage.put_bytes(f"logs/{RUN}/0.1.log", b"begun\nended\n")
    assert log_of(client, "one") == "begun\nended\n"
    Path(state.logs, RUN, "1.1.log").write_text("written here")
    assert log_of(client, "two") == "written here"


def test_a_storage_that_fails_is_told(
    client: TestClient, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(folder: str) -> Iterator[object]:
        raise StorageError(f"{folder} cannot be listed in s3://bucket: see that this host reaches it")

    monkeypatch.setattr(client.app.state.services.logs._storage, "entries", fails)  # type: ignore[attr-defined]
    answer = client.get(f"/api/v1/runs/{RUN}/tasks/one/logs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "s3://bucket" in answer.json()["detail"]
