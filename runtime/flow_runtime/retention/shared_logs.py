"""Removing the logs of removed runs from the storage, whichever host has written them."""

import os
from collections.abc import Iterable

from flow_runtime.retention.content import remove_tree
from flow_runtime.storage.contract import Storage
from flow_runtime.storage.log_keys import folder_of


class SharedLogs:
    """`fetched`: the folder with what this host has read of them. An entry there is the note that a run may have logs in the storage: it is
    made before the rows go, and goes after the logs, so that a removal that was broken off is gone on with by the next one."""

    def __init__(self, fetched: str, storage: Storage) -> None:
        self._fetched, self._storage = fetched, storage

    def note(self, runs: Iterable[str]) -> None:
        for run in runs:
            os.makedirs(os.path.join(self._fetched, run), mode=0o700, exist_ok=True)

    def remove(self, runs: Iterable[str]) -> None:
        """Raises StorageError."""
        for run in runs:
            for entry in list(self._storage.entries(folder_of(run))):
                self._storage.remove(entry.key)
            path = os.path.join(self._fetched, run)
            if os.path.isdir(path):
                remove_tree(path)
