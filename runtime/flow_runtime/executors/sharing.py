"""What a slot gives to the storage and takes from it, where there is one. `files` is the folder of this host's content store, `storage` the
address of the other (FLOW_STORAGE)."""

import os
from typing import Any

from flow_engine.errors import FlowError, Refused

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.files import ContentStore
from flow_runtime.storage.files import SharedFiles
from flow_runtime.storage.log_keys import log_key
from flow_runtime.storage.setting import storage_at
from flow_runtime.storage.unsent import note_unsent


def publish(files: str, storage: str, path: str) -> None:
    """A kept result is in the storage afterwards. Raises BodyFailed(storage)."""
    try:
        _shared(files, storage).publish(path)
    except FlowError as error:
        raise _failed(error) from error


def values_here(files: str, storage: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values that a body reads, with their kept files on this host. Raises BodyFailed(storage)."""
    try:
        shared = _shared(files, storage)
        return {name: shared.values_here(value) for name, value in values.items()}
    except FlowError as error:
        raise _failed(error) from error


def keep_log(storage: str, log: str) -> None:
    """The log of an attempt that has ended is in the storage afterwards; else it is noted, and the engine sends it later: what a body did is
    not undone by a log that cannot be copied."""
    folder, name = os.path.split(log)
    run = os.path.basename(folder)
    try:
        storage_at(storage).put(log_key(run, name), log)
    except (FlowError, OSError):  # told by whoever sends it later
        note_unsent(os.path.dirname(folder), run, name)


def _shared(files: str, storage: str) -> SharedFiles:
    return SharedFiles(ContentStore(files), storage_at(storage))


def _failed(error: FlowError) -> BodyFailed:
    failure = BodyFailed("storage", str(error))
    failure.retryable = not isinstance(error, Refused)
    return failure
