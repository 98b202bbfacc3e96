"""Under which keys the log of an attempt is kept: whole once it has ended, and in parts while its body runs.

`logs/RUN/3.1.log` is the whole; `logs/RUN/3.1.log.part-000000000000-000000004096` is what the file had from byte 0 to 4096, without what
was left out of its middle. A part is never changed: the last one is replaced by a longer one with the same start.
"""

import re
from collections.abc import Iterable

from flow_lang.named import NamedTuple

from flow_runtime.storage.contract import Entry

_PART = re.compile(r"(?P<name>.+\.log)\.part-(?P<start>\d{12,})-(?P<end>\d{12,})")


class Part(NamedTuple):
    """Bytes `start` to `end` of the file that a body writes to; `size` of the object, which has a mark where the file has a hole."""

    key: str
    start: int
    end: int
    size: int


class KeptLog(NamedTuple):
    """`size`: of the whole, or None where there are only parts of it."""

    name: str
    key: str
    size: int | None
    parts: tuple[Part, ...] = ()


def folder_of(run: str) -> str:
    return f"logs/{run}"


def log_key(run: str, name: str) -> str:
    return f"{folder_of(run)}/{name}"


def part_of(run: str, name: str, start: int, end: int, size: int) -> Part:
    return Part(f"{log_key(run, name)}.part-{start:012d}-{end:012d}", start, end, size)


def kept_logs(run: str, entries: Iterable[Entry]) -> dict[str, KeptLog]:
    """By the name of the file (`3.1.log`)."""
    found: dict[str, KeptLog] = {}
    parts: dict[str, dict[int, Part]] = {}
    for key, size in entries:
        name = key.rpartition("/")[2]
        match = _PART.fullmatch(name)
        if match is None:
            found[name] = KeptLog(name, key, size)
            continue
        part = Part(key, int(match["start"]), int(match["end"]), size)
        known = parts.setdefault(match["name"], {})
        if part.start not in known or known[part.start].end < part.end:
            known[part.start] = part
    for name, known in parts.items():
        if name not in found:
            ordered = tuple(known[start] for start in sorted(known))
            found[name] = KeptLog(name, log_key(run, name), None, ordered)
    return found
