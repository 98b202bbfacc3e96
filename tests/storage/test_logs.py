"""Logs on their way to the storage, and as another host reads them."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_engine.model import Claim, TaskRef
from flow_runtime.executors.bounded_log import SETTING, mark
from flow_runtime.executors.sharing import keep_log
from flow_runtime.log_reader import LogReader
from flow_runtime.log_shipper import GROWING, LogShipper
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.local import FolderStorage
from flow_runtime.storage.unsent import unsent
from flow_runtime.storage_logs import StorageLogs
from support.waiting import until

RUN = "01m8n5e0ep6rsvbgd037mrmd3f"
SOON = 0.01
"""Seconds between two looks."""


def claim(seq: int = 0) -> Claim:
    return Claim(TaskRef(RUN, seq), 1, seq, None, False)


class World:
    """Host A, whose bodies write logs; host B, which reads them."""

    def __init__(self, folder: Path) -> None:
        self.a, self.b = StateFolder(str(folder / "a")), StateFolder(str(folder / "b"))
        self.storage = FolderStorage(str(folder / "share"))
        self.reads = StorageLogs(self.b, self.storage, period=0)
        self.written = b""
        os.makedirs(f"{self.a.logs}/{RUN}")
        self.log = Path(f"{self.a.logs}/{RUN}/0.1.log")

    @contextmanager
    def shipper(self) -> Iterator[LogShipper]:
        shipper = LogShipper(self.a.logs, self.storage, SOON)
        try:
            yield shipper
        finally:
            shipper.close()

    def write(self, data: bytes) -> None:
        with self.log.open("ab") as stream:
            stream.write(data)
        self.written += data

    def is_read(self, by: StorageLogs | None = None) -> bool:
        """Whether B has all that A has written."""
        path = Path((by or self.reads).path(RUN, "0.1.log"))
        return path.exists() and path.read_bytes() == self.written

    def read(self) -> bytes:
        path = Path(self.reads.path(RUN, "0.1.log"))
        return path.read_bytes() if path.exists() else b""

    def keys(self) -> list[str]:
        return sorted(entry.key.removeprefix(f"logs/{RUN}/") for entry in self.storage.entries(f"logs/{RUN}"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_log_that_grows_is_read_as_it_grows_and_whole_when_it_has_ended(world: World) -> None:
    seed = time.time_ns()
    print("seed", seed)
    draw = random.Random(seed)
    reader, followed = LogReader(), b""
    with world.shipper() as shipper:
        shipper.running([claim()])
        for _ in range(12):
            world.write(draw.randbytes(draw.choice((1, 50, 5_000, GROWING // 2, GROWING + 1))))
            until(world.is_read, what="what was written")
            followed += b"".join(reader.read(world.reads.path(RUN, "0.1.log")))
            assert followed == world.written
        assert len(world.keys()) <= 2 + 2 * len(world.written) // GROWING
        world.write(b"the end")
        keep_log(world.storage.root, str(world.log))
        shipper.running([])
        until(lambda: world.keys() == ["0.1.log"], what="the removal of the parts")
    followed += b"".join(reader.read(world.reads.path(RUN, "0.1.log")))
    assert followed == world.written == world.read()
    assert world.reads.names(RUN) == {"0.1.log"}


def test_of_a_log_that_grows_without_end_the_storage_has_the_beginning_and_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "1MiB")
    blocks = [bytes([65 + number % 26]) * (GROWING - 100) for number in range(20)]
    with world.shipper() as shipper:
        shipper.running([claim()])
        for block in blocks:
            world.write(block)
            until(partial(lambda block: world.read().endswith(block), block), what="what was written")
        kept = world.read()
        stored = sum(entry.size for entry in world.storage.entries("logs"))
    assert stored < (1 << 20) * 3 // 2
    assert kept.startswith(blocks[0])
    size, left = sum(map(len, blocks)), len(kept)
    assert mark(size - (left - len(mark(1_000_000)))) in kept
    assert len(world.keys()) == 1, "an attempt that has ended has its whole log there, and no parts"


def test_much_that_comes_at_once_is_cut_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "1MiB")
    with world.shipper() as shipper:
        world.write(b"x" * (5 << 20) + b"last line\n")
        shipper.running([claim()])
        read = until(world.read, what="the log")
    assert len(read) < 1 << 20
    assert read.startswith(mark((5 << 20) + 10 - (1 << 19)))
    assert read.endswith(b"last line\n")


def test_the_log_of_a_body_whose_process_died_is_sent_by_the_engine(world: World) -> None:
    world.write(b"the last words")
    with world.shipper() as shipper:
        shipper.died([claim(), claim(1)])  # the second wrote nothing
        until(lambda: world.keys() == ["0.1.log"], what="the log")
        until(lambda: unsent(world.a.logs) == [], what="the end of the notes")
    assert world.read() == b"the last words"


def test_a_log_that_could_not_be_sent_is_sent_when_the_storage_is_back(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.write(b"a log")
    Path(world.storage.root).write_text("in the way")
    keep_log(world.storage.root, str(world.log))
    assert [note.name for note in unsent(world.a.logs)] == ["0.1.log"]
    with world.shipper():
        told = until(lambda: capfd.readouterr().err, what="what is said of it")
        assert "logs stay on this host" in told
        assert world.storage.root in told
        os.unlink(world.storage.root)
        until(lambda: unsent(world.a.logs) == [], what="the end of the notes")
        assert until(lambda: capfd.readouterr().err).strip() == "flow: the storage takes logs again"
    assert world.read() == b"a log"


def test_a_log_that_cannot_be_read_keeps_no_other_from_being_sent(world: World) -> None:
    Path(world.a.logs, RUN, "0.1.log").mkdir()  # whoever reads it is told that it is a folder
    Path(world.a.logs, RUN, "1.1.log").write_bytes(b"of the other")
    with world.shipper() as shipper:
        shipper.running([claim(0), claim(1)])
        until(lambda: world.keys(), what="the other log")
        path = Path(world.reads.path(RUN, "1.1.log"))
        assert path.read_bytes() == b"of the other"


def test_an_end_of_the_engine_is_not_held_up_by_a_storage_that_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flow_runtime.log_shipper.CLOSING", 0.2)
    monkeypatch.setattr(world.storage, "put_bytes", lambda key, data: time.sleep(1.5))
    world.write(b"x")
    with world.shipper() as shipper:
        shipper.running([claim()])
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 1


def test_two_processes_of_a_host_read_the_same_log(world: World) -> None:
    other = StorageLogs(world.b, world.storage, period=0)
    with world.shipper() as shipper:
        shipper.running([claim()])
        for number in range(6):
            world.write(b"line %d\n" % number)
            for logs in (world.reads, other) if number % 2 else (other, world.reads):
                until(partial(world.is_read, logs), what=f"line {number}")


def test_a_log_of_this_host_is_read_here_though_the_storage_does_not_answer(tmp_path: Path) -> None:
    world = World(tmp_path)
    Path(world.storage.root).mkdir()
    world.write(b"here")
    logs = StorageLogs(world.a, FolderStorage(str(world.log)), period=0)
    assert Path(logs.path(RUN, "0.1.log")).read_bytes() == b"here"
    with pytest.raises(StorageError):
        FolderStorage(str(world.log)).put_bytes("x", b"")
