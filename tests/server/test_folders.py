"""Folders that are sent: the archives are the same for the same files, and what is in one leads nowhere else."""

import gzip
import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flow_runtime import archives
from flow_runtime.archives import WrongFolder, pack, unpack
from flow_runtime.retention.policy import Policy
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from flow_server.app import create_app
from starlette.testclient import TestClient
from support.retention import gc

from .conftest import TOKEN

MAIN = 'flow 1\nfrom python "lib/words.py" import twice\nworkflow w(n: int = 2) -> int {\n  task t -> int { call twice(n) }\n  return t\n}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    (folder / "main.flow").write_text(MAIN)
    (folder / "lib" / "words.py").write_text("def twice(n: int) -> int:\n    return 2 * n\n")
    tool = folder / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    return folder


def packed(folder: Path) -> tuple[str, bytes]:
    made = pack(str(folder))
    try:
        return made.digest, Path(made.path).read_bytes()
    finally:
        os.unlink(made.path)


def send(client: TestClient, folder: Path) -> str:
    digest, data = packed(folder)
    answer = client.put(f"/api/v1/folders/{digest}", content=data)
    assert answer.status_code == 201, answer.text
    return digest


def archive(fill: Callable[[tarfile.TarFile], None], **options: Any) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", **options) as tar:
        fill(tar)
    return made.getvalue()


def member(name: str, **fields: Any) -> Callable[[tarfile.TarFile], None]:
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return lambda tar: tar.addfile(info, io.BytesIO(b"x" * info.size))


def test_the_same_files_are_the_same_archive(project: Path, tmp_path: Path) -> None:
    first = packed(project)
    other = tmp_path / "elsewhere"
    for path in sorted(project.rglob("*"), reverse=True):  # made in another order, at another time, with other modes
        copy = other / path.relative_to(project)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            copy.write_bytes(path.read_bytes())
            copy.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
            os.utime(copy, (1, 1))
    assert packed(other) == first
    assert first[0] == hashlib.sha256(first[1]).hexdigest()


def test_what_is_not_sent(project: Path, tmp_path: Path) -> None:
    before = packed(project)[0]
    for name in (".git/x", ".flow/flow.db", "lib/__pycache__/words.pyc", "env/bin/python"):
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text("x")
    (project / "env" / "pyvenv.cfg").write_text("")
    assert packed(project)[0] == before
    (project / ".flowignore").write_text("*.csv\n!keep.csv\n/out/\n")
    (project / "out").mkdir()
    for name in ("big.csv", "lib/other.csv", "keep.csv", "out/page.html"):
        (project / name).write_text("x")
    made = pack(str(project))
    unpack(made.path, str(tmp_path / "there"))
    os.unlink(made.path)
    found = sorted(
        str(path.relative_to(tmp_path / "there")) for path in (tmp_path / "there").rglob("*") if path.is_file()
    )
    assert found == [".flowignore", "keep.csv", "lib/words.py", "main.flow", "tool.sh"]
    assert stat.S_IMODE((tmp_path / "there" / "tool.sh").stat().st_mode) & 0o100


def test_too_much_is_told_with_the_remedy(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "noise").write_bytes(os.urandom(200_000))
    monkeypatch.setattr(archives, "PACKED_LIMIT", 100_000)
    with pytest.raises(WrongFolder, match=r"noise \(0 MiB\).*\.flowignore"):
        pack(str(project))
    monkeypatch.setattr(archives, "FILES_LIMIT", 3)
    with pytest.raises(WrongFolder, match=r"more than 3 files.*\.flowignore"):
        pack(str(project))


def test_links_and_other_things(project: Path, tmp_path: Path) -> None:
    (project / "inside").symlink_to("lib/words.py")
    made = pack(str(project))
    unpack(made.path, str(tmp_path / "there"))
    os.unlink(made.path)
    assert (tmp_path / "there" / "inside").readlink() == Path("lib/words.py")
    (project / "outside").symlink_to("../secret")
    with pytest.raises(WrongFolder, match=r"outside leads out of the folder"):
        pack(str(project))
    (project / "outside").unlink()
    os.mkfifo(project / "pipe")
    with pytest.raises(WrongFolder, match=r"pipe is neither a file nor a folder"):
        pack(str(project))


HOSTILE = {
    "parent": member("../evil", size=1),
    "absolute": member("/tmp/evil", size=1),
    "link": member("a", type=tarfile.SYMTYPE, linkname="../../secret"),
    "absolute link": member("a", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("a", type=tarfile.LNKTYPE, linkname="../secret"),
    "device": member("a", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "pipe": member("a", type=tarfile.FIFOTYPE),
    "file as folder": lambda tar: (member("a", size=1)(tar), member("a/b", size=1)(tar)),
    "header": lambda tar: member("a", size=1, pax_headers={"comment": "x" * (2 << 20)})(tar),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(client: TestClient, state: StateFolder, name: str) -> None:
    data = archive(HOSTILE[name], format=tarfile.PAX_FORMAT)
    refused(client, state, data, 422, "wrong-archive")


def refused(client: TestClient, state: StateFolder, data: bytes, status: int, kind: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    answer = client.put(f"/api/v1/folders/{digest}", content=data)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:flow:problem:{kind}"), answer.text
    assert not Path(state.submitted).exists() or os.listdir(state.submitted) == []
    assert not Path("/tmp/evil").exists()
    assert client.get(f"/api/v1/folders/{digest}").status_code == 404


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive", gzip.compress(b"no archive" * 100), archive(member("a", size=5000))[:60]],
    ids=["empty", "text", "no tar", "cut"],
)
def test_what_is_no_archive_is_refused(client: TestClient, state: StateFolder, data: bytes) -> None:
    refused(client, state, data, 422, "wrong-archive")


def test_a_small_archive_cannot_fill_the_disk(
    client: TestClient, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "UNPACKED_LIMIT", 1 << 20)
    monkeypatch.setattr(archives, "FILES_LIMIT", 10)
    refused(client, state, archive(member("zeros", size=2 << 20)), 422, "wrong-archive")
    many = archive(lambda tar: [member(f"f{number}")(tar) for number in range(30)] and None)
    refused(client, state, many, 422, "wrong-archive")


def test_another_digest_or_too_many_bytes_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.put(f"/api/v1/folders/{'0' * 64}", content=archive(member("a", size=1)))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flow:problem:wrong-digest")
    monkeypatch.setattr("flow_server.api.folders.PACKED_LIMIT", 1000)
    for content in (b"x" * 2000, (b"x" * 500 for _ in range(4))):
        answer = client.put(f"/api/v1/folders/{'0' * 64}", content=content)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:flow:problem:too-large")
    for name in ("x", "0" * 63, "G" * 64, "..%2f" + "0" * 64):
        assert client.get(f"/api/v1/folders/{name}").status_code in (404, 422)


def test_a_run_of_a_folder_that_was_sent(client: TestClient, project: Path, state: StateFolder) -> None:
    digest = packed(project)[0]
    body = {"folder": digest, "file": "main.flow", "params": {"n": 4}, "idempotency_key": "k"}
    missing = client.post("/api/v1/runs", json=body)
    assert (missing.status_code, missing.json()["type"]) == (409, "urn:flow:problem:unknown-folder")
    send(client, project)
    assert client.put(f"/api/v1/folders/{digest}", content=b"is not looked at").status_code == 200
    first, second = (client.post("/api/v1/runs", json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200), first.text
    record = client.get(f"/api/v1/runs/{first.json()['run']}/rows").json()["record"]
    assert record["folder"] == os.path.join(state.submitted, digest)


@pytest.mark.parametrize("file", ["other.flow", "../main.flow", "/etc/passwd", "lib", "", "a\0b", "x" * 5000])
def test_a_file_that_is_not_in_the_folder_is_named(client: TestClient, project: Path, file: str) -> None:
    answer = client.post("/api/v1/runs", json={"folder": send(client, project), "file": file})
    assert (answer.status_code, answer.json()["field"]) == (422, "file")


def test_a_wrong_file_in_a_folder_is_answered_with_diagnostics(client: TestClient, project: Path) -> None:
    (project / "main.flow").write_text(MAIN.replace("twice(n)", "twice(m)"))
    (project / "latin.flow").write_bytes(b"flow 1\n# \xe9\n")
    digest = send(client, project)
    answer = client.post("/api/v1/runs", json={"folder": digest, "file": "main.flow"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flow:problem:wrong-source")
    assert answer.json()["diagnostics"][0]["line"] == 4
    answer = client.post("/api/v1/runs", json={"folder": digest, "file": "latin.flow"})
    assert (answer.status_code, answer.json()["field"]) == (422, "file")


def test_gc_removes_folders_that_nothing_uses(client: TestClient, project: Path, state: StateFolder) -> None:
    used = send(client, project)
    assert client.post("/api/v1/runs", json={"folder": used, "file": "main.flow"}).status_code == 201
    (project / "more").write_text("x")
    unused = send(client, project)
    (Path(state.submitted) / ".broken").write_text("an upload that was broken off")
    gc(state, Policy())
    assert sorted(os.listdir(state.submitted)) == sorted([".broken", used, unused])  # young ones stay
    gc(state, Policy(), later=7200)
    assert os.listdir(state.submitted) == [used]


def test_a_folder_that_another_host_was_sent_is_made_from_the_storage(
    client: TestClient, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_STORAGE", str(tmp_path / "storage"))
    digest = send(client, project)
    other = StateFolder(str(tmp_path / "other"))
    open_store(other).close()
    with TestClient(create_app(other, TOKEN), headers={"Authorization": f"Bearer {TOKEN}"}) as there:
        assert there.get(f"/api/v1/folders/{digest}").status_code == 200
        run = there.post("/api/v1/runs", json={"folder": digest, "file": "main.flow"})
        assert run.status_code == 201, run.text
    assert Path(other.submitted, digest, "lib", "words.py").exists()


def test_a_hostile_archive_does_not_come_into_the_storage(
    client: TestClient, state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_STORAGE", str(tmp_path / "storage"))
    refused(client, state, archive(HOSTILE["parent"], format=tarfile.PAX_FORMAT), 422, "wrong-archive")
    assert list((tmp_path / "storage").rglob("*.tar.gz")) == []
