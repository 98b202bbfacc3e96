"""Reads the time zones of the `tzdata` package, whose format is that of RFC 9636 (TZif)."""

import csv
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

HEADER = struct.Struct(">4s c 15x 6L")
"""Magic, version, and six counts: UTC marks, standard marks, leap seconds, transitions, types, characters of names."""


@dataclass
class ZoneFile:
    name: str
    data: Path


@dataclass
class Zone:
    """`offset_s`: seconds east of UTC after the last listed change. `observer`: 1 where clocks still change by a rule, else 0."""

    name: str
    region: str
    transitions: int
    offset_s: int
    observer: int


def zones() -> list[ZoneFile]:
    """Every zone of the package, by name."""
    root = Path(str(resources.files("tzdata") / "zoneinfo"))
    found = [ZoneFile(path.relative_to(root).as_posix(), path) for path in root.rglob("*") if _is_zone(path)]
    return sorted(found, key=lambda zone: zone.name)


def _is_zone(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"TZif"


def read_zone(name: str, data: Path) -> Zone:
    """One file, of version 2 or later: its second block has 64-bit times, and a rule for the years after it."""
    content = data.read_bytes()
    first = _counts(content, 0, name)
    start = HEADER.size + _block_size(first, time_size=4)
    counts = _counts(content, start, name)
    offset = _last_offset(content, start + HEADER.size, counts)
    footer = content[start + HEADER.size + _block_size(counts, time_size=8) :].decode("ascii").strip("\n")
    region = name.split("/")[0] if "/" in name else "other"
    return Zone(name, region, counts[3], offset, int("," in footer))


def _counts(content: bytes, start: int, name: str) -> tuple[int, ...]:
    magic, version, *counts = HEADER.unpack_from(content, start)
    if magic != b"TZif" or version < b"2":
        raise ValueError(f"{name} is not a TZif file of version 2 or later")
    return tuple(counts)


def _block_size(counts: tuple[int, ...], time_size: int) -> int:
    utc_marks, standard_marks, leaps, transitions, types, characters = counts
    return transitions * (time_size + 1) + types * 6 + characters + leaps * (time_size + 4) + standard_marks + utc_marks


def _last_offset(content: bytes, start: int, counts: tuple[int, ...]) -> int:
    """The offset of the type that the last transition names; of the first type where there is no transition."""
    transitions = counts[3]
    kinds = content[start + transitions * 8 : start + transitions * 9]
    types = start + transitions * 9
    offset: int = struct.unpack_from(">l", content, types + 6 * (kinds[-1] if kinds else 0))[0]
    return offset


def tabulate(zones: list[Zone]) -> Path:
    """A CSV file with a line for each region: zones, observers of summer time, and their share."""
    table = Path("regions.csv")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["region", "zones", "observers", "share"])
        writer.writerows(_lines(zones))
    return table


def _lines(zones: list[Zone]) -> Iterator[tuple[str, int, int, float]]:
    for region in sorted({zone.region for zone in zones}):
        members = [zone for zone in zones if zone.region == region]
        observers = sum(zone.observer for zone in members)
        yield region, len(members), observers, round(observers / len(members), 3)
