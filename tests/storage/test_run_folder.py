"""The folder of a run that was sent over HTTP, on a host that it was not sent to."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_runtime.archives import DamagedArchive, Packed, pack, unpack
from flow_runtime.run_folder import archive_key, archive_name, keep_archive, run_folder
from flow_runtime.state_folder import StateFolder

RUN = "01m8n5e0ep6rsvbgd037mrmd3f"


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packed:
    """A project, packed and kept in the storage."""
    monkeypatch.setenv("FLOW_STORAGE", f"{tmp_path}/share")
    project = tmp_path / "project"
    (project / "lib").mkdir(parents=True)
    (project / "main.flow").write_text("flow 1\n")
    (project / "lib/tool.sh").write_text("#!/bin/sh\n")
    (project / "lib/tool.sh").chmod(0o755)
    (project / ".git").mkdir()
    (project / ".git/config").write_text("not sent")
    packed = pack(str(project))
    keep_archive(packed.digest, packed.path)
    return packed


def test_a_host_without_the_folder_makes_it_from_the_archive(tmp_path: Path, sent: Packed) -> None:
    state = StateFolder(str(tmp_path / "b"))
    found = Path(run_folder(state, archive_name(sent.digest, RUN)))
    assert found == Path(state.submitted, RUN)
    assert sorted(path.name for path in found.rglob("*")) == ["lib", "main.flow", "tool.sh"]
    assert (found / "lib/tool.sh").stat().st_mode & 0o100
    assert os.listdir(state.submitted) == [RUN]
    (found / "made by a body").touch()
    assert run_folder(state, archive_name(sent.digest, RUN)) == str(found)
    assert (found / "made by a body").exists(), "it is made once"


def test_the_same_folder_has_the_same_digest_whenever_it_is_packed(tmp_path: Path, sent: Packed) -> None:
    for path in (tmp_path / "project").rglob("*"):
        os.utime(path, (1, 1))
    again = pack(str(tmp_path / "project"))
    assert again.digest == sent.digest
    (tmp_path / "project/main.flow").write_text("flow 1\n\n")
    assert pack(str(tmp_path / "project")).digest != sent.digest


def test_two_workers_of_a_host_make_one_folder(tmp_path: Path, sent: Packed) -> None:
    code = "import sys; from flow_runtime.run_folder import run_folder; from flow_runtime.state_folder import StateFolder; "
    code += "print(run_folder(StateFolder(sys.argv[1]), sys.argv[2]))"
    command = [sys.executable, "-c", code, str(tmp_path / "b"), archive_name(sent.digest, RUN)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=60)[0].strip() for process in both}
    assert said == {f"{tmp_path}/b/submitted/{RUN}"}
    assert os.listdir(tmp_path / "b/submitted") == [RUN]


def test_a_damaged_archive_is_told_and_leaves_nothing(tmp_path: Path, sent: Packed) -> None:
    kept = tmp_path / "share" / archive_key(sent.digest)
    kept.write_bytes(kept.read_bytes()[:-20])
    state = StateFolder(str(tmp_path / "b"))
    with pytest.raises(StorageError, match="is damaged: remove it there, and send the run again"):
        run_folder(state, archive_name(sent.digest, RUN))
    assert os.listdir(state.submitted) == []


def test_an_archive_that_is_not_there_is_told(tmp_path: Path, sent: Packed) -> None:
    (tmp_path / "share" / archive_key(sent.digest)).unlink()
    with pytest.raises(StorageError, match=re.escape(archive_key(sent.digest))):
        run_folder(StateFolder(str(tmp_path / "b")), archive_name(sent.digest, RUN))


def test_without_a_storage_the_folder_has_to_be_here(
    tmp_path: Path, sent: Packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOW_STORAGE")
    state = StateFolder(str(tmp_path / "b"))
    with pytest.raises(StorageError, match="set FLOW_STORAGE alike on all hosts"):
        run_folder(state, archive_name(sent.digest, RUN))
    os.makedirs(f"{state.submitted}/{RUN}")
    assert run_folder(state, archive_name(sent.digest, RUN)) == f"{state.submitted}/{RUN}"


def test_a_source_that_was_sent_alone_has_an_empty_folder_on_every_host(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "b"))
    found = run_folder(state, f"/of/host/a/submitted/{RUN}")
    assert found == f"{state.submitted}/{RUN}"
    assert os.listdir(found) == []


def test_the_folder_of_a_file_is_where_it_is(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "b"))
    for folder in ("/home/u/project", str(tmp_path), f"{tmp_path}/submitted/notes"):
        assert run_folder(state, folder) == folder


def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    (tmp_path / "into").mkdir()
    with pytest.raises(DamagedArchive):
        unpack(str(tmp_path / "evil.tar.gz"), str(tmp_path / "into"))
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "evil.tar.gz").read_bytes()[:30])
    with pytest.raises(DamagedArchive):
        unpack(str(tmp_path / "cut.tar.gz"), str(tmp_path / "into"))
    assert not (tmp_path / "outside").exists()
