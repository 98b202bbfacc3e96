"""Logs that are not in the storage yet, noted on the disk, so that whoever works on this state next sends them."""

import os
from contextlib import suppress

from flow_lang.named import NamedTuple

_FOLDER = ".unsent"


class Unsent(NamedTuple):
    """`name`: of the log's file in the folder of the run."""

    run: str
    name: str


def note_unsent(logs: str, run: str, name: str) -> None:
    """Where this disk is full too, the log stays on this host without a note: nothing that works is to end for it."""
    folder = os.path.join(logs, _FOLDER)
    with suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{run}@{name}"), "wb"):
            pass


def unsent(logs: str) -> list[Unsent]:
    with suppress(FileNotFoundError):
        return [Unsent(*note.split("@", 1)) for note in sorted(os.listdir(os.path.join(logs, _FOLDER))) if "@" in note]
    return []


def forget_unsent(logs: str, note: Unsent) -> None:
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(logs, _FOLDER, f"{note.run}@{note.name}"))
