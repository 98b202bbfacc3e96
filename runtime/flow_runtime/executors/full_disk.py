"""A disk that is full, told apart from a body's own mistakes."""

import errno
import os
from typing import Any

from flow_runtime.executors.failure import BodyFailed

FULL = (errno.ENOSPC, errno.EDQUOT)
_REMEDY = "free some space there (flow gc removes old runs), then flow retry"
_NEARLY = 64 * 1024
"""Bytes: with less than this free, a program that failed has most likely failed for it."""


def is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def disk_full(folder: str, what: str = "", **details: Any) -> BodyFailed:
    """`folder`: the state's, or one in it. `what`: how the body ended, where it did."""
    said = what or "what the body gave or wrote has no room"
    return BodyFailed("disk_full", f"{said}: the disk of {folder} is full; {_REMEDY}", **details)


def has_no_room(folder: str) -> bool:
    """Whether nothing more fits on the disk of this folder."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _NEARLY
