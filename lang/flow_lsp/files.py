"""How the front end is given other files: those that are open first, then the disk."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname


class Disk:
    """Texts of files, read again when a file has changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int], str]] = {}

    def read(self, path: str) -> str:
        """Raises OSError, or UnicodeDecodeError where it is not UTF-8."""
        status = os.stat(path)
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            with open(path, encoding="utf-8", newline="") as stream:
                known = self._known[path] = (stamp, stream.read())
        return known[1]


class FolderLoader:
    """Reads by paths relative to a folder. `opened` gives the text of a file that is open in the editor. `asked` are the files that it was
    asked for."""

    def __init__(self, folder: str, opened: Callable[[str], str | None], disk: Disk) -> None:
        self.folder, self.opened, self.disk = folder, opened, disk
        self.asked: set[str] = set()

    def read(self, path: str) -> str:
        if not self.folder:
            raise FileNotFoundError(2, "this text is not saved yet, so it has no folder", path)
        full = os.path.normpath(os.path.join(self.folder, path))
        self.asked.add(full)
        text = self.opened(full)
        return text if text is not None else self.disk.read(full)


def path_of(uri: str) -> str:
    """The path of a `file:` URI; "" for any other."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return ""
    host = f"//{parts.netloc}" if parts.netloc and parts.netloc != "localhost" else ""
    return os.path.normpath(host + url2pathname(parts.path))


def uri_of(path: str) -> str:
    """Raises ValueError for a path that is not absolute."""
    return Path(path).as_uri()
