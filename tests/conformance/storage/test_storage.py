"""What every storage keeps to."""

import os
import threading
from pathlib import Path

import pytest
from flow_runtime.storage.contract import Missing, Storage


def written(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def keys(storage: Storage, folder: str) -> dict[str, int]:
    return {entry.key: entry.size for entry in storage.entries(folder)}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("content", [b"", os.urandom(300_000)], ids=["empty", "long"])
def test_what_is_put_can_be_fetched_and_read(storage: Storage, tmp_path: Path, content: bytes, frozen: bool) -> None:
    storage.put("files/ab/one", written(tmp_path / "made", content), frozen)
    storage.fetch("files/ab/one", str(tmp_path / "fetched"))
    assert (tmp_path / "fetched").read_bytes() == content
    assert storage.read("files/ab/one") == content
    assert storage.exists("files/ab/one")


def test_a_part_of_an_object_can_be_read(storage: Storage) -> None:
    storage.put_bytes("logs/r/1.1.log", b"0123456789")
    assert storage.read("logs/r/1.1.log", 3, 7) == b"3456"
    assert storage.read("logs/r/1.1.log", 7) == b"789"
    assert storage.read("logs/r/1.1.log", 7, 100) == b"789"
    assert storage.read("logs/r/1.1.log", 10) == b""
    assert storage.read("logs/r/1.1.log", 5, 5) == b""


def test_an_object_is_replaced_as_a_whole(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("a/b", b"a longer one")
    storage.put("a/b", written(tmp_path / "made", b"short"))
    assert storage.read("a/b") == b"short"
    assert keys(storage, "a") == {"a/b": 5}


def test_what_is_written_to_afterwards_is_not_what_was_kept(storage: Storage, tmp_path: Path) -> None:
    path = written(tmp_path / "log", b"first")
    storage.put("logs/r/1.1.log", path)
    with open(path, "ab") as stream:
        stream.write(b" and more")
    assert storage.read("logs/r/1.1.log") == b"first"


def test_what_is_missing_is_told_with_its_key_and_the_address(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("there", b"")
    for ask in (
        lambda: storage.read("not/there"),
        lambda: storage.read("not/there", 3),
        lambda: storage.fetch("not/there", str(tmp_path / "f")),
    ):
        with pytest.raises(Missing) as told:
            ask()
        assert "not/there" in str(told.value)
        assert storage.shown in str(told.value)
    assert not storage.exists("not/there")
    assert not storage.exists("not")
    storage.remove("not/there")


def test_entries_are_those_below_a_folder_however_its_neighbours_are_called(storage: Storage) -> None:
    for key in ("logs/r1/1.1.log", "logs/r1/2.1.log", "logs/r1/deep/er", "logs/r12/1.1.log", "log"):
        storage.put_bytes(key, key.encode())
    assert keys(storage, "logs/r1") == {"logs/r1/1.1.log": 15, "logs/r1/2.1.log": 15, "logs/r1/deep/er": 15}
    assert keys(storage, "logs/r") == {}
    storage.remove("logs/r1/1.1.log")
    assert set(keys(storage, "logs/r1")) == {"logs/r1/2.1.log", "logs/r1/deep/er"}


def test_names_are_not_patterns_nor_escapes(storage: Storage) -> None:
    names = ("with space.txt", "ünïcödé.parquet", "50%25 #1?.csv", "a[b]*.csv")
    for name in names:
        storage.put_bytes(f"folder/{name}", name.encode())
    assert set(keys(storage, "folder")) == {f"folder/{name}" for name in names}
    for name in names:
        assert storage.read(f"folder/{name}") == name.encode()
    storage.remove("folder/a[b]*.csv")
    storage.remove("folder/50%25 #1?.csv")
    assert set(keys(storage, "folder")) == {f"folder/{name}" for name in names[:2]}


def test_what_others_put_after_a_look_is_seen_by_the_next(storage: Storage) -> None:
    assert not storage.exists("later/one")
    assert keys(storage, "later") == {}
    storage.put_bytes("later/one", b"1")
    assert storage.exists("later/one")
    assert keys(storage, "later") == {"later/one": 1}
    storage.put_bytes("later/one", b"22")
    assert storage.read("later/one") == b"22"
    assert keys(storage, "later") == {"later/one": 2}


def test_whoever_reads_while_others_put_sees_one_whole_object(storage: Storage) -> None:
    contents = [bytes([number]) * 50_000 for number in range(1, 4)]
    storage.put_bytes("hot", contents[0])
    failed: list[Exception] = []

    def put(content: bytes) -> None:
        try:
            for _ in range(8):
                storage.put_bytes("hot", content)
        except Exception as error:  # noqa: BLE001  told by the assertion
            failed.append(error)

    threads = [threading.Thread(target=put, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    seen = [storage.read("hot") for _ in range(20)]
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert set(seen) <= set(contents)
