"""`flow gc` removes the logs of removed runs from the storage, whichever host has written them."""

import os
import time
from pathlib import Path

import pytest
from flow_engine.errors import StorageError
from flow_runtime.retention.collect import Collector
from flow_runtime.retention.policy import Policy
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.local import FolderStorage
from support.command import Project
from support.retention import opened

FLOW = 'flow 1\nworkflow w { task t { shell "echo hello" } }\n'
LATER = 3600.0 * 5


class Broken(FolderStorage):
    """Breaks at the removal number `at`."""

    at = 2

    def remove(self, key: str) -> None:
        self.at -= 1
        if self.at == 0:
            raise StorageError("it went away")
        super().remove(key)


def gc(state: StateFolder, storage: FolderStorage, dry: bool = False) -> None:
    with opened(state) as store:
        Collector(state, store, store.removal, lambda: time.time() + LATER, dry, storage).collect(Policy(runs=1))


@pytest.fixture
def old(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[StateFolder, FolderStorage, list[str]]:
    """A state with two runs, and the storage with their logs."""
    storage = FolderStorage(str(project.folder / "share"))
    monkeypatch.setenv("FLOW_STORAGE", storage.root)
    project.write("w.flow", FLOW)
    assert all(project.flow("run", "w.flow").code == 0 for _ in range(2))
    return StateFolder(str(project.home)), storage, project.runs()


def runs_in(storage: FolderStorage) -> set[str]:
    return {entry.key.split("/")[1] for entry in storage.entries("logs")}


def test_the_logs_of_removed_runs_go_also_after_a_removal_that_was_broken_off(
    old: tuple[StateFolder, FolderStorage, list[str]],
) -> None:
    state, storage, (new, removed) = old
    other = "01m8n5e0ep6rsvbgd037mrmd3f"
    storage.put_bytes(f"logs/{removed}/7.1.log.part-000000000000-000000000001", b"x")  # of a host that died
    storage.put_bytes(f"logs/{other}/0.1.log", b"of another state in the same storage")
    gc(state, storage, dry=True)
    assert len(list(storage.entries(f"logs/{removed}"))) == 2
    with pytest.raises(StorageError, match="it went away"):
        gc(state, Broken(storage.root))
    assert runs_in(storage) == {new, removed, other}
    gc(state, storage)
    assert runs_in(storage) == {new, other}
    assert os.listdir(state.fetched) == []
    assert Path(state.logs, new).exists()
