"""The folder of a project as one file, to be sent with a run: a .tar.gz of what is in it, named by its SHA-256."""

import gzip
import os
import tarfile
import tempfile

from flow_engine.errors import FlowError

from flow_runtime.storage.trees import Packed, plain_member, sha256_of_file

LEFT_OUT = (".flow", ".git", ".venv", "__pycache__", "node_modules")


class DamagedArchive(FlowError):
    """It is no archive of a folder, or leads out of it."""


def pack(folder: str) -> Packed:
    """A file of the caller's, in the folder for temporary files. The same content gives the same digest. Raises OSError."""
    descriptor, path = tempfile.mkstemp(suffix=".tar.gz", prefix="flow-")
    os.close(descriptor)
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as stream,  # neither name nor time of the file are content
        tarfile.open(fileobj=stream, mode="w") as archive,
    ):
        for name in sorted(os.listdir(folder)):
            if name not in LEFT_OUT:
                archive.add(os.path.join(folder, name), name, filter=_member)
    return Packed(sha256_of_file(path), path)


def unpack(archive_path: str, into: str) -> None:
    """Into a folder that is there and empty. Raises DamagedArchive, OSError."""
    try:
        with tarfile.open(archive_path, "r:gz") as archive:
            archive.extractall(into, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise DamagedArchive(f"{type(error).__name__}: {error}") from error


def _member(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if os.path.basename(member.name) in LEFT_OUT else plain_member(member)
