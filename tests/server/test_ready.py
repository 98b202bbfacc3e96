"""/readyz: whether what the server needs can be used."""

from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app
from starlette.testclient import TestClient

from .conftest import TOKEN


def test_it_is_ready_and_says_what_it_looked_at(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert client.get("/readyz", headers={"Authorization": ""}).json() == {"status": "ready", "parts": ["state"]}
    monkeypatch.setenv("FLOW_STORAGE", str(tmp_path))
    assert client.get("/readyz").json()["parts"] == ["state", "storage"]


def test_each_part_that_fails_is_told(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise StorageError("the storage s3://b does not answer: look at its service")

    monkeypatch.setenv("FLOW_STORAGE", "/nowhere/at/all")
    monkeypatch.setattr("flow_server.api.health.storage_here", broken)
    down = state._replace(queue_url="redis://127.0.0.1:1/0")
    app = create_app(state, TOKEN)
    app.state.services.state = down
    with TestClient(app) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:flow:problem:not-ready")
    assert sorted(answer.json()["reasons"]) == ["queue", "storage"]
    assert "s3://b does not answer" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"
