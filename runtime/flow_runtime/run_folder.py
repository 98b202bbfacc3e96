"""The folder of a run on this host: that of its flow file, or what was sent over HTTP.

What was sent lies in `submitted/` of the state folder, and the row of a run has the path on the host that took it. Each host reads
`submitted/DIGEST` as its own folder of that name, and makes it from `archives/DIGEST.tar.gz` of the storage where it is not there.
`submitted/RUN`, and `submitted/deployed-PLAN`, are the empty folders of sources that came alone.
"""

import os
import re
import shutil
from contextlib import suppress

from flow_engine.errors import StorageError

from flow_runtime.archives import WrongFolder, unpack
from flow_runtime.files import sha256_of_file
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.contract import Missing, Storage

_SENT = re.compile(
    r".*/submitted/(?:(?P<digest>[0-9a-f]{64})|(?P<alone>[0-9A-Za-z]{26}|deployed-[0-9a-f]{32}))(?P<inside>/.*)?",
    re.DOTALL,
)


def archive_key(digest: str) -> str:
    return f"archives/{digest}.tar.gz"


def keep_archive(storage: Storage | None, digest: str, path: str) -> None:
    """Where there is a storage, the archive is in it afterwards, so that every host can make the folder: to be called before a run names it.
    `digest`: its SHA-256 in hexadecimal. Raises StorageError."""
    if storage is not None and not storage.exists(archive_key(digest)):
        storage.put(archive_key(digest), path)


def run_folder(state: StateFolder, storage: Storage, folder: str) -> str:
    """The path on this host of what the row of a run has as its folder. Raises StorageError."""
    sent = _SENT.fullmatch(folder)
    if sent is None:
        return folder
    path = os.path.join(state.submitted, sent["digest"] or sent["alone"])
    if sent["alone"]:
        os.makedirs(path, mode=0o700, exist_ok=True)
    else:
        try:
            os.utime(path)  # wanted now: no removal under way may take it
        except FileNotFoundError:
            _unpack(state, storage, sent["digest"])
    return path + (sent["inside"] or "")


def _unpack(state: StateFolder, storage: Storage, digest: str) -> None:
    """The folder appears whole or not at all."""
    path, key = os.path.join(state.submitted, digest), archive_key(digest)
    archive = os.path.join(state.submitted, f".{digest}.{os.getpid()}")
    made = archive + ".d"
    os.makedirs(state.submitted, mode=0o700, exist_ok=True)
    shutil.rmtree(made, ignore_errors=True)  # of a process that was killed and had this number
    try:
        storage.fetch(key, archive)
        if sha256_of_file(archive) != digest:
            raise StorageError(f"{key} in {storage.shown} is damaged: remove it there, and send the run again")
        unpack(archive, made)
        with suppress(OSError):  # another process was first
            os.rename(made, path)
    except Missing as error:
        raise StorageError(
            f"the folder of a run was sent to another host, and is not in the storage: {error}"
        ) from error
    except WrongFolder as error:
        raise StorageError(f"{key} in {storage.shown} cannot be used: {error}; send the run again") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.unlink(archive)
