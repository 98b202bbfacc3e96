"""Result files that one host keeps and another reads."""

import errno
import os
import threading
from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_lang.values import File
from flow_runtime.files import ContentStore
from flow_runtime.storage.files import SharedFiles
from flow_runtime.storage.local import FolderStorage


class Counting(FolderStorage):
    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.fetched: list[str] = []

    def fetch(self, key: str, path: str) -> None:
        self.fetched.append(key)
        super().fetch(key, path)


class World:
    def __init__(self, folder: Path) -> None:
        self.folder, self.storage = folder, Counting(str(folder / "share"))
        self.a, self.b = ContentStore(str(folder / "a/files")), ContentStore(str(folder / "b/files"))
        self.on_a, self.on_b = SharedFiles(self.a, self.storage), SharedFiles(self.b, self.storage)

    def keep(self, content: str, name: str = "made.txt", mode: int = 0o644) -> str:
        """On A, for all."""
        made = self.folder / "made"
        made.write_text(content)
        made.chmod(mode)
        path = self.a.keep(str(made), name).path
        self.on_a.publish(path)
        made.unlink()
        return path

    def object_of(self, path: str) -> Path:
        return Path(self.storage.root, "files", *Path(path).parts[-3:-1])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_file_is_the_same_on_another_host(world: World, mode: int) -> None:
    kept = world.keep("content", "with space é.txt", mode)
    there = Path(world.on_b.here(kept))
    assert there.is_relative_to(world.b.root)
    assert (there.read_text(), there.name) == ("content", "with space é.txt")
    assert there.stat().st_mode & 0o777 == Path(kept).stat().st_mode & 0o777
    assert world.on_b.here(kept) == str(there) == world.on_b.here(str(there))
    assert world.on_a.here(kept) == kept
    assert len(world.storage.fetched) <= 2  # it is asked for as a file, and as one that may be executed


def test_files_inside_values_are_found(world: World) -> None:
    one, two = world.keep("1", "one"), world.keep("2", "two")
    value = {"n": 1, "files": [File(one, 1), {"deep": File(two, 1)}], "text": one}
    here = world.on_b.values_here(value)
    assert Path(here["files"][0].path).read_text() == "1"
    assert Path(here["files"][1]["deep"].path).read_text() == "2"
    assert (here["files"][0].size, here["text"]) == (1, one)


def test_what_is_no_kept_file_is_left_alone(world: World) -> None:
    for path in ("/data/in.csv", f"{world.folder}/files/x", "relative", f"/s/files/ab/{'a' * 63}/f"):
        assert world.on_b.here(path) == path


def test_a_folder_is_the_same_on_another_host(world: World) -> None:
    made = world.folder / "d"
    (made / "empty").mkdir(parents=True)
    (made / "run").write_text("#!/bin/sh\n")
    (made / "run").chmod(0o755)
    (made / "link").symlink_to("run")
    (made / "dangling").symlink_to("/nowhere/else")
    kept = world.a.keep_folder(str(made), "r-1-1-0", "d").path
    world.on_a.publish(kept)
    inside = Path(world.on_b.here(kept + "/run"))
    folder = Path(world.on_b.here(kept))
    assert inside == folder / "run"
    assert sorted(os.listdir(folder)) == ["dangling", "empty", "link", "run"]
    assert inside.stat().st_mode & 0o111
    assert (os.readlink(folder / "link"), os.readlink(folder / "dangling")) == ("run", "/nowhere/else")
    assert len(world.storage.fetched) == 1


def test_what_all_slots_want_at_once_is_fetched_once(world: World) -> None:
    kept = world.keep("x" * 1_000_000)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(SharedFiles(world.b, world.storage).here(kept))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(world.storage.fetched) == 1
    assert sorted(name for name in os.listdir(Path(found[0]).parent)) == ["made.txt"]


def test_a_file_that_was_changed_in_the_storage_is_refused(world: World) -> None:
    kept = world.keep("content")
    kept_object = world.object_of(kept)
    kept_object.unlink()
    kept_object.write_text("tampered")
    with pytest.raises(StorageError, match="has another content") as told:
        world.on_b.here(kept)
    assert world.storage.root in str(told.value)
    assert [name for name in os.listdir(world.b.root) if name.startswith(".") and name != ".lock"] == []
    assert not os.path.exists(kept.replace(world.a.root, world.b.root))


def test_a_file_that_the_storage_does_not_have_is_told_with_the_remedy(world: World) -> None:
    kept = world.keep("content")
    world.object_of(kept).unlink()
    os.rename(world.a.root, f"{world.a.root}.away")
    with pytest.raises(StorageError, match=r"made.txt .* set FLOW_STORAGE alike on all hosts"):
        world.on_b.here(kept)
    assert not world.on_b.want(kept)


def test_a_full_disk_of_the_reader_is_not_blamed_on_the_storage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = world.keep("content")

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", target)

    monkeypatch.setattr("flow_runtime.storage.local.shutil.copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        world.on_b.here(kept)


def test_a_wanted_file_is_one_that_is_here_or_can_be_fetched(world: World) -> None:
    kept = world.keep("content")
    assert world.on_b.want(kept)
    assert world.storage.fetched == []
    world.on_b.here(kept)
    world.object_of(kept).unlink()
    assert world.on_b.want(kept)
    assert world.on_b.want(str(world.folder))
    assert not world.on_b.want(str(world.folder / "nothing"))


def test_the_same_content_is_put_once(world: World) -> None:
    first = world.keep("content", "one")
    inode = world.object_of(first).stat().st_ino
    world.keep("content", "two")
    assert world.object_of(first).stat().st_ino == inode
