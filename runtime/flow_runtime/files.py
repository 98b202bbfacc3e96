"""Files as values: the content store that keeps results, and the file functions of the language."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flow_engine.crash_points import reached
from flow_lang.named import NamedTuple
from flow_lang.values import File

_BLOCK = 1 << 20
_KEPT = r"(?P<place>(?P<root>.*/files)/(?:[0-9a-f]{2}/[0-9a-f]{64}|folders/[^/]+))/"


class ContentStore(NamedTuple):
    """Keeps files by the hash of their content, under their own names: `ROOT/ab/abcd.../report.html`."""

    root: str

    def keep(self, path: str, name: str) -> File:
        """Keeps the file's content under this name; the file may stay where it is. The same content and name is kept once."""
        digest = sha256_of_file(path)
        folder = os.path.join(self.root, digest[:2], digest)
        target = os.path.join(folder, name)
        status = os.stat(path)
        with self.locked():
            # a body may have written into a kept file, in spite of its mode
            if not os.path.exists(target) or sha256_of_file(target) != digest:
                os.makedirs(folder, exist_ok=True)
                partial = f"{target}.{os.getpid()}"
                with suppress(FileNotFoundError):
                    os.unlink(
                        partial
                    )  # of a process that was killed and had this number, as a container gives it again
                _link(path, partial, status)
                os.chmod(partial, 0o555 if status.st_mode & 0o111 else 0o444)
                reached("files.copied")
                os.rename(partial, target)
                reached("files.kept")
            os.utime(folder)  # wanted now: no removal under way may take it
        return File(target, status.st_size)

    def keep_folder(self, path: str, place: str, name: str) -> File:
        """Moves a folder into the store; no other has this place."""
        target = os.path.join(self.root, "folders", place, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _move_folder(path, target)
        return File(target)

    @contextmanager
    def locked(self, alone: bool = False) -> Iterator[None]:
        """Held for a moment by whoever keeps a file, and `alone` by who removes one."""
        os.makedirs(self.root, exist_ok=True)
        descriptor = os.open(os.path.join(self.root, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)


def want(path: str) -> bool:
    """Whether a file or folder is there; one that a content store keeps is then not taken by a removal that is under way."""
    kept = re.match(_KEPT, path)
    if kept is None:
        return os.path.exists(path)
    with ContentStore(kept["root"]).locked():
        if not os.path.exists(path):
            return False
        os.utime(kept["place"])
    return True


class FlowFiles(NamedTuple):
    """The file functions: relative paths start at the flow file's folder; what they write goes to the attempt's scratch folder."""

    folder: str
    scratch: str

    def stat(self, path: str) -> File:
        full = os.path.normpath(os.path.join(self.folder, path))
        return File(full, os.stat(full).st_size)

    def glob(self, pattern: str) -> list[File]:
        import glob

        found = sorted(glob.glob(os.path.join(glob.escape(self.folder), pattern), recursive=True))
        return [self.stat(path) for path in found if os.path.isfile(path)]

    def write(self, suffix: str, text: str) -> File:
        os.makedirs(self.scratch, exist_ok=True)
        number = len(os.listdir(self.scratch))
        path = os.path.join(self.scratch, f".flow-{number}{suffix}")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return File(path, os.stat(path).st_size)


def sha256_of_file(path: str) -> str:
    """In hexadecimal."""
    import hashlib

    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _link(source: str, target: str, status: os.stat_result) -> None:
    """A second name for the file, or a copy of it where it has other names already or lies on another file system."""
    if status.st_nlink == 1:
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    import shutil

    shutil.copyfile(source, target)


def _move_folder(source: str, target: str) -> None:
    """A rename where that is possible, else a copy that appears whole or not at all."""
    try:
        os.rename(source, target)
    except OSError:
        import shutil

        partial = f"{target}.{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed and had this number
        shutil.copytree(source, partial, symlinks=True)
        os.rename(partial, target)
