"""What a body uses: memory and processor time of its process and of all that it started, as /proc tells (Linux; elsewhere nothing is
known and no limit holds).

Memory is what is resident, as a container's limit counts it: not what was reserved, which is many times more for Java, Go and Node.
A process whose parent has ended is no longer found. Looks are a fraction of a second apart, so that a fast body may use more for a
moment: a limit protects the machine from a mistake, not from malice.
"""

import os
from contextlib import suppress

from flow_lang.named import NamedTuple
from flow_lang.plan import Limits

PERIOD = 0.05
"""Seconds between two looks."""
_UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


class Exceeded(NamedTuple):
    """A limit that does not hold: its code, and what to tell."""

    code: str
    message: str


class Budget:
    """The limits of a body whose first process is `pid`. `spent`: seconds of processor time that do not count."""

    def __init__(self, pid: int, limits: Limits, spent: float = 0.0) -> None:
        self._pid, self._limits, self._spent = pid, limits, spent

    def exceeded(self) -> Exceeded | None:
        pids = family(self._pid)
        memory, cpu = self._limits.memory, self._limits.cpu
        if memory is not None and sum(_resident(pid) for pid in pids) > memory:
            used = sum(_share(pid) for pid in pids)  # pages that several of them share count once
            if used > memory:
                return exceeded("memory", f"{_size(used)} of memory", _size(memory))
        if cpu is not None and (seconds := sum(_seconds(pid) for pid in pids) - self._spent) > cpu:
            return exceeded("cpu", f"{seconds:.1f} s of processor time", f"{cpu:g} s")
        return None


def limits_process(limits: Limits) -> bool:
    """Whether its process must be looked at."""
    return limits.memory is not None or limits.cpu is not None


def exceeded(code: str, used: str, limit: str) -> Exceeded:
    return Exceeded(code, f"the body used {used}, and its limits.{code} is {limit}")


def output_exceeded(limit: int) -> Exceeded:
    return Exceeded("output", f"the body wrote more than {_size(limit)}, which its limits.output is")


def seconds_of(pid: int) -> float:
    """Processor time of a process and of all that it started, in seconds."""
    return sum(_seconds(each) for each in family(pid))


def family(pid: int) -> list[int]:
    """The process and its living descendants."""
    found, todo = [], [pid]
    while todo:
        found.append(each := todo.pop())
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{each}/task"):
                todo += map(int, _read(f"/proc/{each}/task/{thread}/children").split())
    return found


def _resident(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGESIZE") if len(fields) > 1 else 0


def _share(pid: int) -> int:
    """Resident bytes, each shared page divided by the number of processes that share it."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(pid)


def _seconds(pid: int) -> float:
    """Of the process itself and of its children that have ended."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if len(fields) > 14 else 0.0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _size(count: int) -> str:
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}".replace(".0 ", " ")
    return f"{count} B"
