"""The folder of a run on this host: that of its flow file, or what was sent with it over HTTP.

A run that came with a folder names it in its row as `archive:DIGEST:RUN`: the folder `submitted/RUN` of each host, made from
`archives/DIGEST.tar.gz` of the storage where it is not there. Child runs and runs that are made from it name the same.
"""

import os
import re
import shutil
from contextlib import suppress

from flow_engine.errors import StorageError

from flow_runtime.archives import DamagedArchive, unpack
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.contract import Missing
from flow_runtime.storage.setting import storage_here
from flow_runtime.storage.trees import sha256_of_file

_ARCHIVE = re.compile(r"archive:(?P<digest>[0-9a-f]{64}):(?P<run>\w+)")
_SUBMITTED = re.compile(r".*/submitted/(?P<run>[0-9A-Za-z]{26})")


def archive_name(digest: str, run: str) -> str:
    """What the row of a run has as its folder, where that was sent as an archive. `digest`: SHA-256 of the archive, in hexadecimal."""
    return f"archive:{digest}:{run}"


def archive_key(digest: str) -> str:
    return f"archives/{digest}.tar.gz"


def keep_archive(digest: str, path: str) -> None:
    """Where there is a storage, the archive is in it afterwards, so that every host can make the folder: to be called before the run is
    submitted. Raises Refused, StorageError."""
    storage = storage_here()
    if storage is not None and not storage.exists(archive_key(digest)):
        storage.put(archive_key(digest), path)


def run_folder(state: StateFolder, folder: str) -> str:
    """The path on this host of what the row of a run has as its folder. Raises Refused, StorageError."""
    archive = _ARCHIVE.fullmatch(folder)
    if archive is not None:
        path = os.path.join(state.submitted, archive["run"])
        if not os.path.isdir(path):
            _unpack(state, archive["digest"], path)
        return path
    submitted = _SUBMITTED.fullmatch(folder)
    if submitted is None or os.path.isdir(folder):
        return folder
    path = os.path.join(state.submitted, submitted["run"])  # of a source that came alone: the folder is empty
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def _unpack(state: StateFolder, digest: str, path: str) -> None:
    """The folder appears whole or not at all."""
    storage = storage_here()
    if storage is None:
        raise StorageError(
            f"the folder {path} of a run that was sent to another host is not on this one: set FLOW_STORAGE alike on all hosts, so that it "
            "can be fetched, and send the run again"
        )
    archive, made = f"{path}.{os.getpid()}.tar.gz", f"{path}.{os.getpid()}"
    os.makedirs(state.submitted, exist_ok=True)
    shutil.rmtree(made, ignore_errors=True)  # of a process that was killed and had this number
    try:
        storage.fetch(archive_key(digest), archive)
        if sha256_of_file(archive) != digest:
            raise StorageError(
                f"{archive_key(digest)} in {storage.shown} is damaged: remove it there, and send the run again"
            )
        os.mkdir(made, mode=0o700)
        unpack(archive, made)
        with suppress(OSError):  # another process was first
            os.rename(made, path)
    except Missing as error:
        raise StorageError(
            f"the folder of a run that was sent to another host is not in the storage: {error}; send the run again"
        ) from error
    except DamagedArchive as error:
        raise StorageError(
            f"{archive_key(digest)} in {storage.shown} cannot be unpacked: {error}; send the run again"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.unlink(archive)
