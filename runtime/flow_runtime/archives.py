"""The folder of a flow file as one archive, for a server elsewhere: the same files give the same bytes, so that a digest names them."""

import gzip
import os
import tarfile
import tempfile
import zlib

from flow_engine.errors import Refused

from flow_runtime.storage.trees import Packed, plain_member, sha256_of_file

LEFT_OUT = (".flow", ".git", "__pycache__")
_DAMAGED = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error)


class WrongFolder(Refused):
    """A folder that cannot be packed, or an archive that cannot be unpacked."""


def pack(folder: str) -> Packed:
    """In a temporary file that whoever asked for it removes. Raises OSError."""
    descriptor, path = tempfile.mkstemp(prefix="flow-folder-", suffix=".tar.gz")
    with (
        open(descriptor, "wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as stream,  # neither name nor time of the file are content
        tarfile.open(fileobj=stream, mode="w") as archive,
    ):
        for name in sorted(os.listdir(folder)):
            if name not in LEFT_OUT:
                archive.add(os.path.join(folder, name), name, filter=_member)
    return Packed(sha256_of_file(path), path)


def unpack(archive_path: str, into: str) -> None:
    """Into a new folder. Raises WrongFolder, OSError."""
    os.mkdir(into, mode=0o700)
    try:
        with tarfile.open(archive_path, "r:gz") as archive:
            archive.extractall(into, filter="data")
    except _DAMAGED as error:
        raise WrongFolder(f"the archive cannot be unpacked: {error}") from error


def _member(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if os.path.basename(member.name) in LEFT_OUT else plain_member(member)
