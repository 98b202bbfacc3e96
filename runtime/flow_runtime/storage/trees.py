"""A folder as one file, and back."""

import os
import tarfile
from typing import NamedTuple

from flow_runtime.files import sha256_of_file


class Packed(NamedTuple):
    """`digest`: SHA-256 of the file at `path`, in hexadecimal."""

    digest: str
    path: str


def pack_tree(folder: str, path: str) -> Packed:
    """Writes the folder, under its own name, to a new tar at `path`. The same content gives the same bytes: names are in order, and owners
    and times are left out. Links stay links."""
    with tarfile.open(path, "w") as archive:
        archive.add(folder, os.path.basename(folder), filter=plain_member)
    return Packed(sha256_of_file(path), path)


def unpack_tree(path: str, into: str) -> None:
    """Into a folder that is there. Raises tarfile.TarError where the archive is damaged, or leads out of the folder."""
    with tarfile.open(path) as archive:
        archive.extractall(into, filter="tar")


def plain_member(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without what is not content: owner and time."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member
