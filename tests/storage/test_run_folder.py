"""The folder of a run that was sent over HTTP, on a host that it was not sent to."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_runtime.archives import pack
from flow_runtime.run_folder import archive_key, keep_archive, run_folder
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.local import FolderStorage

RUN = "01m8n5e0ep6rsvbgd037mrmd3f"


class World:
    """A project that was sent to host A, packed and kept in the storage; `b` is another host."""

    def __init__(self, folder: Path) -> None:
        project = folder / "project"
        (project / "lib").mkdir(parents=True)
        (project / "main.flow").write_text("flow 1\n")
        (project / "lib/tool.sh").write_text("#!/bin/sh\n")
        (project / "lib/tool.sh").chmod(0o755)
        packed = pack(str(project))
        self.b, self.storage = StateFolder(str(folder / "b")), FolderStorage(str(folder / "share"))
        keep_archive(self.storage, packed.digest, packed.path)
        os.unlink(packed.path)
        self.digest = packed.digest
        self.in_row = f"/of/host/a/submitted/{packed.digest}"

    def here(self, folder: str = "") -> Path:
        return Path(run_folder(self.b, self.storage, folder or self.in_row))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_host_without_the_folder_makes_it_from_the_archive(world: World) -> None:
    found = world.here()
    assert found == Path(world.b.submitted, world.digest)
    assert sorted(path.name for path in found.rglob("*")) == ["lib", "main.flow", "tool.sh"]
    assert (found / "lib/tool.sh").stat().st_mode & 0o100
    assert os.listdir(world.b.submitted) == [world.digest]
    (found / "made by a body").touch()
    assert world.here(f"{world.in_row}/lib") == found / "lib"
    assert (found / "made by a body").exists(), "it is made once"


def test_two_workers_of_a_host_make_one_folder(world: World) -> None:
    code = "import sys; from flow_runtime.run_folder import run_folder; from flow_runtime.state_folder import StateFolder; "
    code += "from flow_runtime.storage.local import FolderStorage; "
    code += "print(run_folder(StateFolder(sys.argv[1]), FolderStorage(sys.argv[2]), sys.argv[3]))"
    command = [sys.executable, "-c", code, world.b.root, world.storage.root, world.in_row]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=60)[0].strip() for process in both}
    assert said == {f"{world.b.submitted}/{world.digest}"}
    assert os.listdir(world.b.submitted) == [world.digest]


def test_a_damaged_archive_is_told_and_leaves_nothing(world: World) -> None:
    kept = Path(world.storage.root, archive_key(world.digest))
    kept.write_bytes(kept.read_bytes()[:-20])
    with pytest.raises(StorageError, match="is damaged: remove it there, and send the run again"):
        world.here()
    assert os.listdir(world.b.submitted) == []


def test_what_is_no_archive_is_told(world: World, tmp_path: Path) -> None:
    (tmp_path / "no archive").write_bytes(b"x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of x
    keep_archive(world.storage, digest, str(tmp_path / "no archive"))
    with pytest.raises(StorageError, match="send the run again"):
        world.here(f"/a/submitted/{digest}")
    assert os.listdir(world.b.submitted) == []


def test_an_archive_that_is_not_there_is_told(world: World) -> None:
    Path(world.storage.root, archive_key(world.digest)).unlink()
    with pytest.raises(StorageError, match=re.escape(archive_key(world.digest))):
        world.here()


def test_a_source_that_was_sent_alone_has_an_empty_folder_on_every_host(world: World) -> None:
    found = world.here(f"/of/host/a/submitted/{RUN}")
    assert found == Path(world.b.submitted, RUN)
    assert os.listdir(found) == []


def test_the_folder_of_a_file_is_where_it_is(world: World, tmp_path: Path) -> None:
    for folder in ("/home/u/project", str(tmp_path), f"{tmp_path}/submitted/notes", f"{tmp_path}/submitted/{'a' * 63}"):
        assert world.here(folder) == Path(folder)


def test_without_a_storage_nothing_is_kept(tmp_path: Path) -> None:
    keep_archive(None, "0" * 64, str(tmp_path / "nothing"))
