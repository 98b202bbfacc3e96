"""What FLOW_STORAGE names, and how it is told that it cannot be used."""

import subprocess
import sys
from pathlib import Path

import pytest
from flow_engine.errors import Refused, StorageError
from flow_runtime.storage.local import FolderStorage
from flow_runtime.storage.remote import UrlStorage
from flow_runtime.storage.setting import storage_at, storage_here
from support.command import Project
from support.hosts import two_hosts
from support.s3 import S3


def test_a_path_and_a_file_url_are_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (f"{tmp_path}/share", f"file://{tmp_path}/share/"):
        storage = storage_at(address)
        assert isinstance(storage, FolderStorage)
        assert storage.root == f"{tmp_path}/share"
    monkeypatch.setenv("FLOW_STORAGE", " ")
    assert storage_here() is None


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("some/where", "is no absolute path"),
        ("file://some/where", "is no absolute path"),
        ("memory://x", "a memory of its own"),
        ("abfs://x/y", r"pip install 'flow-dsl\[storage\]'"),
        ("nonsense://x/y", "another URL of fsspec"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_with_the_remedy(address: str, told: str) -> None:
    with pytest.raises((Refused, StorageError), match=told) as error:
        storage_at(address)
    assert address in str(error.value)


def test_no_credential_is_in_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_SECRET_KEY", "do-not-tell-me")
    storage = UrlStorage(f"file://{tmp_path}")
    monkeypatch.setattr(storage._files, "cat_file", _raises(OSError("refused do-not-tell-me twice: do-not-tell-me")))
    with pytest.raises(StorageError, match=r"refused \*\*\* twice: \*\*\*"):
        storage.read("x")
    with pytest.raises(StorageError) as told:
        UrlStorage("nonsense://user:hunter22@host/x")
    assert "hunter22" not in str(told.value)
    assert "nonsense://***@host/x" in str(told.value)


def test_a_bucket_that_is_not_there_and_a_server_that_is_not_are_told(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in s3.environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(StorageError, match=r"a/b cannot be kept in s3://no-such-bucket/x: .*make the bucket"):
        UrlStorage("s3://no-such-bucket/x").put_bytes("a/b", b"")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageError, match="see that this host reaches it") as told:
        UrlStorage(f"s3://{s3.bucket}/x").exists("a")
    assert s3.environment["AWS_SECRET_ACCESS_KEY"] not in str(told.value)


def test_doctor_tries_the_storage(tmp_path: Path) -> None:
    good, _ = two_hosts(made(tmp_path / "good"), f"{tmp_path}/share")
    assert f"ok    storage      {tmp_path}/share" in good.flow("doctor").out
    assert list((tmp_path / "share").rglob("doctor/*")) == []
    (tmp_path / "file").touch()
    bad, _ = two_hosts(made(tmp_path / "bad"), f"{tmp_path}/file")
    ended = bad.flow("doctor")
    assert ended.code == 1
    assert "FAIL  storage" in ended.out


def test_without_it_nothing_of_it_is_loaded(project: Project) -> None:
    project.write("h.flow", 'flow 1\nworkflow h { task t { shell "echo hello" } }\n')
    code = "import sys\nsys.argv = ['flow', 'run', 'h.flow']\nfrom flow_cli import main as m\nimport os\n"
    code += (
        "def told(code): print(*sorted(n for n in sys.modules if 'storage' in n or 'shipper' in n or n == 'fsspec' or "
    )
    code += "n == 'flow_runtime.host' or n == 'flow_runtime.run_folder'), file=sys.stderr); sys.stderr.flush(); real(code)\n"
    code += "real, os._exit = os._exit, told\nm.main()\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.folder, env=project.environment(), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().splitlines()[-1] == "", "of modules that were loaded"


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _raises(error: Exception):  # type: ignore[no-untyped-def]
    def raises(*_: object, **__: object) -> None:
        raise error

    return raises
