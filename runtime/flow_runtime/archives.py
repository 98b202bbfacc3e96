"""The folder of a flow file as one archive, for a server elsewhere: the same files give the same bytes, so that a digest names them."""

import gzip
import os
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NamedTuple

from flow_engine.errors import Refused
from pathspec import GitIgnoreSpec

from flow_runtime.files import sha256_of_file
from flow_runtime.storage.trees import Packed
from flow_runtime.wire import is_unicode

PACKED_LIMIT = 50 << 20
"""Bytes of an archive."""
FILES_LIMIT = 5000
"""Files and links in it."""
UNPACKED_LIMIT = 1 << 30
"""Bytes of all its files, so that a small archive cannot fill a disk."""
LEFT_OUT = (".flow", ".git", "__pycache__")
"""Folders that are never sent; environments of Python, which a pyvenv.cfg marks, are not either."""
IGNORE = ".flowignore"
"""Names what else is not sent, written as a .gitignore is."""

_BLOCK = 1 << 20
_DAMAGED = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, FileExistsError, NotADirectoryError)
"""What an archive that nobody packed well makes Python raise."""


class WrongFolder(Refused):
    """A folder that cannot be packed, or an archive that cannot be unpacked."""


def pack(folder: str) -> Packed:
    """In a temporary file that whoever asked for it removes. Raises WrongFolder where it is too large or holds what no archive may,
    OSError where something cannot be read."""
    entries = list(_entries(folder))
    descriptor, path = tempfile.mkstemp(prefix="flow-folder-", suffix=".tar.gz")
    try:
        with open(descriptor, "wb") as stream:
            _write(entries, stream)
        return Packed(sha256_of_file(path), path)
    except BaseException:
        os.unlink(path)
        raise


class _Entry(NamedTuple):
    name: str
    path: str
    status: os.stat_result


def _entries(folder: str) -> Iterator[_Entry]:
    """Files, links and folders below it in a fixed order, each folder before what is in it."""
    ignored = _ignored(folder)
    root, count = os.path.realpath(folder), 0
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        for name in sorted(os.listdir(os.path.join(root, inner))):
            entry = _entry(root, f"{inner}/{name}" if inner else name)
            is_folder = stat.S_ISDIR(entry.status.st_mode)
            if _is_left_out(entry, is_folder) or ignored.match_file(entry.name + ("/" if is_folder else "")):
                continue
            _check(entry, root)
            count += not is_folder
            if count > FILES_LIMIT:
                raise WrongFolder(
                    f"{folder} has more than {FILES_LIMIT:,} files, which is the most that can be sent: name what the run does "
                    f"not need in {os.path.join(folder, IGNORE)}"
                )
            if is_folder:
                waiting.append(entry.name)
            yield entry


def _entry(root: str, name: str) -> _Entry:
    path = os.path.join(root, name)
    return _Entry(name, path, os.lstat(path))


def _is_left_out(entry: _Entry, is_folder: bool) -> bool:
    name = os.path.basename(entry.name)
    return is_folder and (name in LEFT_OUT or os.path.exists(os.path.join(entry.path, "pyvenv.cfg")))


def _ignored(folder: str) -> GitIgnoreSpec:
    path = os.path.join(folder, IGNORE)
    try:
        with open(path, encoding="utf-8") as stream:
            return GitIgnoreSpec.from_lines(stream)
    except FileNotFoundError:
        return GitIgnoreSpec.from_lines([])
    except ValueError as error:
        raise WrongFolder(f"{path} cannot be read: {error}; write it as a .gitignore") from error


def _check(entry: _Entry, root: str) -> None:
    mode = entry.status.st_mode
    if not is_unicode(entry.name):
        raise WrongFolder(f"the name {entry.path!a} is not UTF-8 and cannot be sent: rename it, or {_leave_out()}")
    if stat.S_ISLNK(mode):
        target = os.path.realpath(entry.path)
        if os.path.isabs(os.readlink(entry.path)) or not target.startswith(root + os.sep):
            raise WrongFolder(
                f"the link {entry.path} leads out of the folder that is sent: copy the file, or {_leave_out()}"
            )
    elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise WrongFolder(f"{entry.path} is neither a file nor a folder and cannot be sent: {_leave_out()}")


def _leave_out() -> str:
    return f"name it in {IGNORE}"


def _write(entries: list[_Entry], stream: IO[bytes]) -> None:
    """Nothing of who packs, where or when goes into it."""
    with (
        gzip.GzipFile("", "wb", 6, stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in entries:
            _add(archive, entry)
            if stream.tell() > PACKED_LIMIT:
                break
    if os.fstat(stream.fileno()).st_size > PACKED_LIMIT:
        raise WrongFolder(_too_large(entries))


def _add(archive: tarfile.TarFile, entry: _Entry) -> None:
    info = tarfile.TarInfo(entry.name)
    info.mode = 0o755 if entry.status.st_mode & 0o100 else 0o644
    if stat.S_ISDIR(entry.status.st_mode):
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    elif stat.S_ISLNK(entry.status.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(entry.path), 0o777
        archive.addfile(info)
    else:
        with open(entry.path, "rb") as content:
            info.size = os.fstat(content.fileno()).st_size
            try:
                archive.addfile(info, content)
            except OSError as error:  # tarfile's word for a file that became shorter
                raise WrongFolder(f"{entry.path} changed while it was sent: try again ({error})") from error


def _too_large(entries: list[_Entry]) -> str:
    largest = sorted(entries, key=lambda entry: entry.status.st_size, reverse=True)[:3]
    told = ", ".join(f"{entry.name} ({entry.status.st_size >> 20:,} MiB)" for entry in largest)
    return (
        f"the folder is larger than {PACKED_LIMIT >> 20} MiB when it is packed, which is the most that can be sent; its largest "
        f"files are {told}: name what the run does not need in {IGNORE}"
    )


def unpack(archive_path: str, into: str) -> None:
    """Unpacks into a new folder; nothing of it is left where it raises. No link leads out of it, and it holds nothing but files,
    folders and links. Raises WrongFolder, and OSError where the disk does not take it."""
    os.makedirs(into, mode=0o700)
    try:
        with (
            gzip.open(archive_path) as packed,
            tarfile.open(fileobj=_Bounded(packed), mode="r:") as archive,  # type: ignore[call-overload]
        ):
            _extract(archive, into)
    except _DAMAGED as error:
        _remove(into)
        raise WrongFolder(f"the archive cannot be unpacked: {error}") from error
    except BaseException:
        _remove(into)
        raise


def _extract(archive: tarfile.TarFile, into: str) -> None:
    total = 0
    for count, member in enumerate(archive, 1):
        total += member.size
        if count > 2 * FILES_LIMIT:  # with its folders
            raise WrongFolder(f"the archive holds more than {2 * FILES_LIMIT:,} files and folders")
        if total > UNPACKED_LIMIT:
            raise WrongFolder(f"the files of the archive are larger than {UNPACKED_LIMIT >> 20:,} MiB together")
        if not is_unicode(member.name) or not is_unicode(member.linkname) or member.issparse():
            raise WrongFolder(
                f"the archive holds {ascii(member.name)[:200]}, whose name is not UTF-8 or which has holes"
            )
        if os.path.isabs(member.name):
            raise WrongFolder(f"the archive holds the absolute path {member.name[:200]!r}")
        archive.extract(member, into, filter=_safe)


def _safe(member: tarfile.TarInfo, into: str) -> tarfile.TarInfo:
    """A file is as old as its unpacking: what compares ages (make, Python's compiled modules) would be misled by none at all."""
    return tarfile.data_filter(member, into).replace(mtime=None, deep=False)  # type: ignore[arg-type]


def _remove(folder: str) -> None:
    import shutil

    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


class _Bounded:
    """The unpacked bytes as tarfile reads them: neither more of them in all, nor more at once (a header's), than it may."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed

    def read(self, size: int) -> bytes:
        if size > _BLOCK:
            raise WrongFolder(f"a header of the archive is larger than {_BLOCK >> 10:,} KiB")
        return self._packed.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET or offset > 2 * UNPACKED_LIMIT:
            raise WrongFolder("the archive is larger unpacked than its files may be")
        return self._packed.seek(offset)

    def tell(self) -> int:
        return self._packed.tell()
