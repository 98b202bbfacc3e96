"""Removing folders that a server was sent and that no run or schedule uses any more.

Whoever is about to use one moves its time first. One that was wanted before the grace and is unused is taken away under another name,
and put back where its time shows that it was wanted in the meantime: who looked in between asks for it to be sent again.
"""

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress

_SENT = re.compile(r"[0-9a-f]{64}|deployed-[0-9a-f]{32}")
"""Named by their digest; of a deployed source, by its plan's."""


def unused(parent: str, folders: Collection[str], before: float) -> Iterator[str]:
    """The paths of those in `parent` that are in none of the `folders` of runs and were last wanted before that time (seconds since the
    epoch), and what uploads that were broken off have left."""
    used = {os.path.relpath(folder, parent).split(os.sep)[0] for folder in folders}
    for entry in _entries(parent):
        if entry.name.startswith(".") or (_SENT.fullmatch(entry.name) and entry.name not in used):
            with suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_mtime < before:
                    yield entry.path


def take_away(path: str, before: float) -> str | None:
    """Where it is now, for its removal; None where it was wanted in the meantime."""
    aside = os.path.join(os.path.dirname(path), f".gone-{os.path.basename(path).lstrip('.')}")
    with suppress(FileNotFoundError):
        os.rename(path, aside)
        if os.stat(aside).st_mtime < before:
            return aside
        os.rename(aside, path)
    return None


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []
