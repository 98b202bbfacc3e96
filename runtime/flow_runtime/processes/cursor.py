"""The start cursor: a small mapped file in which each slot notes what it starts, so that it is known even after kill -9.

One page for each slot: the number of starts, a floor, the process group of the running body, what it may use, and a ring of the last
starts. The engine numbers what it sends to a slot from 1, through all processes of the slot; it takes unstarted work back by raising the
floor to the last number sent. The floor never falls.
"""

import mmap
import os
from contextlib import suppress
from functools import lru_cache

from flow_lang.named import NamedTuple

PAGE = 4096
RING = 256
_COUNT, _FLOOR, _GROUP, _CURRENT, _MEMORY, _CPU, _SPENT, _OUTPUT, _STARTS = range(9)
"""Words of 8 bytes in a page."""


class Allowance(NamedTuple):
    """What the Python body that a slot runs may use, 0 being no limit: bytes of memory, milliseconds of processor time beyond the `spent`
    ones of its process, and bytes of output."""

    memory: int = 0
    cpu: int = 0
    spent: int = 0
    output: int = 0


class Cursor:
    """The whole file. `slots` fixes its size when it is made; None opens one that exists."""

    def __init__(self, path: str, slots: int | None = None) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if slots is not None else 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            if slots is not None:
                os.posix_fallocate(descriptor, 0, slots * PAGE)  # a write to a page without disk behind it is SIGBUS
            size = os.fstat(descriptor).st_size // PAGE * PAGE  # a part of a page says nothing
            self._map = _mapped(descriptor, size) if size else mmap.mmap(-1, PAGE)
        finally:
            os.close(descriptor)
        self.slots = size // PAGE

    def page(self, slot: int) -> "Page":
        return Page(self._map, slot * PAGE)

    def was_started(self, run: str, seq: int, attempt: int) -> bool:
        """Whether any slot noted the start of this attempt."""
        mark = mark_of(run, seq, attempt)
        return any(mark in self.page(slot).starts() for slot in range(self.slots))

    def groups(self) -> list[int]:
        """The process groups of the bodies that were running."""
        return [group for slot in range(self.slots) if (group := self.page(slot).group)]


class Page:
    """One slot's part."""

    def __init__(self, mapped: mmap.mmap, offset: int) -> None:
        self._words = memoryview(mapped)[offset : offset + PAGE].cast("Q")

    def start(self, number: int, mark: int) -> bool:
        """Notes that work item `number` starts now. False: the engine has taken it back."""
        words = self._words
        words[_CURRENT] = number
        if number <= words[_FLOOR]:
            return False
        count = words[_COUNT]
        words[_STARTS + count % RING] = mark
        words[_COUNT] = count + 1
        return True

    def take_back(self, last_sent: int) -> int:
        """Voids what has not started, up to number `last_sent`; gives the number of the last item that did start."""
        self._words[_FLOOR] = last_sent
        return self.current

    def reset(self, last_sent: int) -> None:
        """For a new process in this slot, to which the engine sends numbers after `last_sent`: nothing up to there starts any more, in
        the process before it too. The ring stays, since it tells of attempts and not of processes."""
        self._words[_FLOOR] = self._words[_CURRENT] = last_sent
        self._words[_GROUP] = 0
        self.allow(Allowance())

    @property
    def current(self) -> int:
        """The number of the last item that started."""
        return self._words[_CURRENT]

    @property
    def group(self) -> int:
        return self._words[_GROUP]

    def note_group(self, group: int) -> None:
        self._words[_GROUP] = group

    @property
    def allowance(self) -> Allowance:
        return Allowance(*(self._words[field] for field in (_MEMORY, _CPU, _SPENT, _OUTPUT)))

    def allow(self, allowance: Allowance) -> None:
        for field, value in zip((_MEMORY, _CPU, _SPENT, _OUTPUT), allowance, strict=True):
            self._words[field] = value

    def starts(self) -> set[int]:
        return set(self._words[_STARTS : _STARTS + RING]) - {0}


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    """The file in memory. `mmap` keeps a descriptor of its own, through which a Python body that writes to whatever is open would write over
    the cursor: the null device takes its place."""
    number = os.dup(descriptor)  # the lowest that is free: mmap takes it next
    os.close(number)
    mapped = mmap.mmap(descriptor, size)
    with suppress(OSError):  # it took another
        if os.path.samestat(os.fstat(number), os.fstat(descriptor)):
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            os.dup2(null, number, inheritable=False)
            os.close(null)
    return mapped


def mark_of(run: str, seq: int, attempt: int) -> int:
    """63 bits that name an attempt, the same in every process (the built-in hash is salted)."""
    mixed = _digest(run) ^ (seq + 1) * 0x9E3779B97F4A7C15 ^ attempt * 0xC2B2AE3D27D4EB4F
    return mixed & 0xFFFFFFFFFFFFFFFF | 1


@lru_cache(maxsize=64)
def _digest(text: str) -> int:
    """FNV-1a."""
    digest = 0xCBF29CE484222325
    for byte in text.encode():
        digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return digest
