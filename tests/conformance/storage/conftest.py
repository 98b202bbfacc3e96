"""Every storage stands under the same tests."""

import uuid
from pathlib import Path

import pytest
from flow_runtime.storage.contract import Storage
from flow_runtime.storage.local import FolderStorage
from flow_runtime.storage.remote import UrlStorage
from support.s3 import S3


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    name = uuid.uuid4().hex
    if request.param == "folder":
        return FolderStorage(str(tmp_path / name))
    if request.param == "file":
        return UrlStorage(f"file://{tmp_path}/{name}")
    if request.param == "memory":
        return UrlStorage(f"memory://{name}")
    server: S3 = request.getfixturevalue("s3")
    for variable, value in server.environment.items():
        monkeypatch.setenv(variable, value)
    return UrlStorage(f"s3://{server.bucket}/{name}")
