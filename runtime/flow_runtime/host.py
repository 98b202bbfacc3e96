"""Where on this host the files and folders are that the rows of a run name, which another host may have written."""

import os
from functools import cached_property

from flow_lang.values import File

from flow_runtime.files import ContentStore, FlowFiles, want
from flow_runtime.run_folder import run_folder
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.files import SharedFiles
from flow_runtime.storage.setting import storage_at


class Host:
    """`address`: FLOW_STORAGE; empty where only this host keeps files."""

    def __init__(self, state: StateFolder, address: str) -> None:
        self._state, self._address = state, address

    def folder(self, folder: str) -> str:
        """The path here of a run's folder. Raises Refused, StorageError."""
        return run_folder(self._state, folder)

    def here(self, path: str) -> str:
        """The path here of a file, which is fetched where another host has kept it. Raises StorageError."""
        return self._shared.here(path) if self._address else path

    def want(self, path: str) -> bool:
        """Whether a kept file can be read here. Raises StorageError."""
        return self._shared.want(path) if self._address else want(path)

    def files(self, own: FlowFiles) -> "FlowFiles | SharedFlowFiles":
        """The file functions of the language: what they write can be read on other hosts."""
        return SharedFlowFiles(own, self._content, self._shared) if self._address else own

    @property
    def _content(self) -> ContentStore:
        return ContentStore(self._state.files)

    @cached_property
    def _shared(self) -> SharedFiles:
        return SharedFiles(self._content, storage_at(self._address))


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
