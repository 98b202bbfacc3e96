"""Removing kept files that no run names.

A file is wanted from the moment that an attempt keeps it, which is before its result is in the state. Its folder's time then is that
moment, which is after the claim of the attempt. So what was last wanted before the first claim of all attempts that run, and is not
named by the state of that moment, is wanted by nobody; who wants it later moves its time, and the time is looked at again under the
lock that keeping a file takes. `GRACE` is for clocks that are set back in between.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from flow_runtime.executors.folders import open_folders
from flow_runtime.files import ContentStore
from flow_runtime.retention.references import References

GRACE = 3600.0
"""Seconds for which what was wanted stays, whatever else is known."""


MARGIN = 60.0
"""Seconds that the clock of files may be behind that of claims."""


class Kept(NamedTuple):
    """One folder of the content store: of a file, by its digest, or of a folder, by its place. `wanted`: when last, in nanoseconds
    since the epoch."""

    path: str
    name: str
    is_folder: bool
    wanted: int


def kept_before(store: ContentStore, time: float) -> Iterator[Kept]:
    """What was last wanted before that time (seconds since the epoch)."""
    for entry in _entries(store.root):
        if entry.name != "folders" and len(entry.name) != 2:
            continue
        for inner in _entries(entry.path):
            with suppress(FileNotFoundError):
                wanted = os.stat(inner.path).st_mtime_ns
                if wanted < time * 1e9:
                    yield Kept(inner.path, inner.name, entry.name == "folders", wanted)


def is_named(kept: Kept, by: References) -> bool:
    return kept.name in (by.folders if kept.is_folder else by.blobs)


def size_of(folder: str) -> int:
    """Bytes on the disk of all files in it."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
    return total


def remove(store: ContentStore, kept: Kept) -> bool:
    """False where it was wanted in the meantime. Bodies may have closed folders of a kept folder, which are opened first."""
    with store.locked(alone=True):
        try:
            if os.stat(kept.path).st_mtime_ns != kept.wanted:
                return False
        except FileNotFoundError:
            return False
        remove_tree(kept.path)
    return True


def remove_tree(path: str) -> None:
    """All of a folder, whatever the modes in it. Raises OSError where the system refuses."""
    open_folders(path)
    shutil.rmtree(path)


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        return [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
