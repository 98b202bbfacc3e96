"""W7, growth: one run of 1,000, 10,000 and 100,000 tasks, as the whole command, by what the system counted for it."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from measured import LIMIT, Unmeasured, environment_of, flow_command
from workloads import Shape, fan, source_of

SIZES = (1_000, 10_000, 100_000)
_UNIT = 1024
"""Bytes in a unit of `ru_maxrss`, in Linux."""


class Growth(NamedTuple):
    """A run of `tasks`. Seconds; processor seconds of the command and the children it waited for; bytes of the largest process."""

    tasks: int
    seconds: float
    processor: float
    memory: int

    def line(self, smallest: "Growth") -> str:
        """For the table; memory a task is what this run took more than the smallest."""
        more = self.tasks - smallest.tasks
        each = f", {(self.memory - smallest.memory) / more:,.0f} bytes a task more" if more else ""
        return (
            f"{'W7':4} {f'one run of {self.tasks:,} tasks':38} {'python':7} {self.seconds:8.3f}  "
            f"{self.seconds / self.tasks * 1e6:,.0f} us and {self.processor / self.tasks * 1e6:,.0f} us of processor a task, "
            f"{self.memory / 2**20:,.0f} MiB{each}"
        )


def growths(scale: float) -> Iterator[Growth]:
    for size in SIZES:
        tasks = max(3, round(size * scale))
        with tempfile.TemporaryDirectory(prefix="flow-growth-") as folder:
            yield _grown(tasks, Path(folder))


def _grown(tasks: int, folder: Path) -> Growth:
    file, said = folder / "wide.flow", folder / "said"
    file.write_text(source_of(Shape("W2", "", fan(tasks - 2)), "python"), encoding="utf-8")
    with said.open("wb") as out:
        command = [flow_command(), "run", str(file), "--quiet", "--slots", "2"]
        streams = [(os.POSIX_SPAWN_DUP2, out.fileno(), stream) for stream in (1, 2)]
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environment_of(folder), file_actions=streams)
        limit = threading.Timer(LIMIT, os.kill, (pid, signal.SIGKILL))
        limit.start()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        seconds = time.perf_counter() - start
        limit.cancel()
        limit.join()
    _, status, used = os.wait4(pid, 0)  # only now, so that the limit cannot hit another process of this number
    if code := os.waitstatus_to_exitcode(status):
        raise Unmeasured(f"{tasks:,} tasks: exit {code}: {said.read_text(errors='replace').strip()[-200:]}")
    return Growth(tasks, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * _UNIT)
