"""Where on this host the files and folders are that the rows of a run name, which another host may have written."""

import os

from flow_lang.values import File

from flow_runtime.files import ContentStore, FlowFiles
from flow_runtime.run_folder import run_folder
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.contract import Storage
from flow_runtime.storage.files import SharedFiles


class Host:
    def __init__(self, state: StateFolder, storage: Storage) -> None:
        self._state, self._storage = state, storage
        self._content = ContentStore(state.files)
        self._shared = SharedFiles(self._content, storage)

    def folder(self, folder: str) -> str:
        """The path here of a run's folder, which is made where it was sent to another host. Raises StorageError."""
        return run_folder(self._state, self._storage, folder)

    def here(self, path: str) -> str:
        """The path here of a file, which is fetched where another host has kept it. Raises StorageError."""
        return self._shared.here(path)

    def want(self, path: str) -> bool:
        """Whether a kept file can be read here. Raises StorageError."""
        return self._shared.want(path)

    def files(self, own: FlowFiles) -> "SharedFlowFiles":
        """The file functions of the language: what they write can be read on other hosts."""
        return SharedFlowFiles(own, self._content, self._shared)


class SharedFlowFiles:
    """As `FlowFiles`; a file that the engine writes may be given to a child run on another host."""

    def __init__(self, own: FlowFiles, content: ContentStore, shared: SharedFiles) -> None:
        self._own, self._content, self._shared = own, content, shared

    def stat(self, path: str) -> File:
        return self._own.stat(path)

    def glob(self, pattern: str) -> list[File]:
        return self._own.glob(pattern)

    def write(self, suffix: str, text: str) -> File:
        """Raises StorageError."""
        made = self._own.write(suffix, text)
        kept = self._content.keep(made.path, f"value{suffix}")
        os.unlink(made.path)
        self._shared.publish(kept.path)
        return kept
