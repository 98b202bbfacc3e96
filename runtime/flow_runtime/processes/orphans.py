"""Finding what an engine left behind: its guardian and slots by the name they gave themselves, and every process that inherited
FLOW_ENGINE, its incarnation, in its environment; and what one slot left behind, by FLOW_SLOT.

Reads /proc, so it finds even what left its process group (Linux). Elsewhere the groups of the start cursor are all that is known.
"""

import os
import signal
import time

_SET_CHILD_SUBREAPER = 36
VARIABLE, SLOT_VARIABLE = "FLOW_ENGINE", "FLOW_SLOT"


def orphans(incarnation: str, slot: int | None = None) -> list[int]:
    """The ids of living processes of this engine, except this process; with `slot`, those that bodies of this slot started."""
    needles = {f"{VARIABLE}={incarnation}".encode()}
    if slot is not None:
        needles.add(f"{SLOT_VARIABLE}={slot}".encode())
    try:
        entries = os.listdir("/proc")
    except FileNotFoundError:
        return []
    others = (entry for entry in entries if entry.isdigit() and int(entry) != os.getpid())
    name = process_name(incarnation) if slot is None else None
    return [
        int(entry)
        for entry in others
        if (_read(f"/proc/{entry}/comm").strip() == name or needles.issubset(_environment(entry))) and _lives(entry)
    ]


def process_name(incarnation: str) -> bytes:
    """What the guardian and the slots call themselves; 15 bytes at most."""
    return b"flow-" + incarnation[-10:].encode()


def take_name(incarnation: str) -> None:
    """Gives this process that name."""
    try:
        with open("/proc/self/comm", "wb") as stream:
            stream.write(process_name(incarnation))
    except OSError:
        return  # no /proc: then the groups of the start cursor are all that is known


def adopt_orphans() -> bool:
    """Makes this process the parent of every descendant whose own parent ends, so that it knows when none is left. False where the
    system cannot (it is Linux's prctl)."""
    import ctypes

    try:
        done: int = ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return done == 0


def end_orphans(incarnation: str, slot: int | None = None, patience: float = 2.0) -> list[int]:
    """Kills them until none is left; gives those that would not go within `patience` seconds."""
    deadline = time.monotonic() + patience
    while left := orphans(incarnation, slot):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if time.monotonic() > deadline:
            return left
        time.sleep(0.005)
    return []


def _lives(pid: str) -> bool:
    """False for one that has ended and that nobody has waited for yet: where the first process of a container seldom waits for those that
    it was left with, they have their names for seconds, or for ever."""
    state = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1]
    return state not in ([], [b"Z"], [b"X"])


def _environment(pid: str) -> list[bytes]:
    return _read(f"/proc/{pid}/environ").split(b"\0")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
