"""The folders that were sent: each is unpacked once, below the state, under the digest of its archive, and shared by its runs."""

import os
import re
import secrets
import shutil
from contextlib import suppress

from flow_engine.errors import StoreError
from flow_runtime.archives import PACKED_LIMIT, WrongFolder, unpack
from flow_runtime.files import sha256_of_file
from flow_runtime.run_folder import archive_key, keep_archive, run_folder
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage.setting import storage_here

from flow_server.problem import Problem
from flow_server.shapes import wrong_field

DIGEST = re.compile(r"[0-9a-f]{64}")


def checked_digest(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise wrong_field("folder", "must be the SHA-256 of the archive, as 64 lower-case hexadecimal digits")
    return text


def is_there(state: StateFolder, digest: str) -> bool:
    """Whoever asks is about to use it: its time moves, so that no removal takes it meanwhile. What another host was sent is made here
    from the storage. Raises StorageError."""
    storage = storage_here()
    if storage is not None and not storage.exists(archive_key(digest)):
        return False
    try:
        os.utime(folder_of(state, digest))
    except FileNotFoundError:
        if storage is None:
            return False
        run_folder(state, storage, folder_of(state, digest))
    return True


def folder_of(state: StateFolder, digest: str) -> str:
    return os.path.join(state.submitted, checked_digest(digest))


def upload_path(state: StateFolder, digest: str) -> str:
    """Where an archive is kept while it arrives. Raises StoreError."""
    try:
        os.makedirs(state.submitted, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"no folder can be received at {state.submitted}: {error.strerror}") from error
    return os.path.join(state.submitted, f".{digest[:16]}.{secrets.token_hex(8)}")


def receive(state: StateFolder, digest: str, archive: str) -> None:
    """Unpacks what has arrived. Raises Problem where it is not what the digest says or cannot be unpacked, StoreError where the disk
    does not take it, StorageError where the storage does not."""
    found = sha256_of_file(archive)
    if found != digest:
        raise Problem(
            422, "wrong-digest", f"the archive has the SHA-256 {found} and was sent as {digest}; send it again"
        )
    partial = archive + ".d"
    try:
        unpack(archive, partial)
        keep_archive(storage_here(), digest, archive)
        _put(partial, folder_of(state, digest))
    except WrongFolder as error:
        raise Problem(
            422, "wrong-archive", f"{error}; send a .tar.gz with files, folders and links inside of it"
        ) from None
    except OSError as error:
        raise StoreError(f"the folder cannot be unpacked below {state.submitted}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put(partial: str, folder: str) -> None:
    """Whole or not at all; who comes second finds the same there."""
    try:
        os.rename(partial, folder)
    except OSError:
        if not os.path.isdir(folder):
            raise


def unknown_folder(digest: str) -> Problem:
    detail = (
        f"the folder {digest} is not here: PUT /api/v1/folders/{digest} sends it (at most {PACKED_LIMIT >> 20} MiB)"
    )
    return Problem(409, "unknown-folder", detail, folder=digest)


def flow_file(state: StateFolder, digest: str, file: str) -> str:
    """The path of a flow file in a folder that was sent. Raises Problem."""
    folder = folder_of(state, digest)
    if not is_there(state, digest):
        detail = (
            f"the folder {digest} is not here: PUT /api/v1/folders/{digest} sends it (at most {PACKED_LIMIT >> 20} MiB)"
        )
        raise Problem(409, "unknown-folder", detail, folder=digest)
    with suppress(ValueError, OSError):  # a NUL in it, or a name longer than any is
        path = os.path.realpath(os.path.join(folder, file))
        if path.startswith(os.path.realpath(folder) + os.sep) and os.path.isfile(path):
            return path
    raise wrong_field("file", f"there is no file {file[:200]!r} in the folder that was sent")
