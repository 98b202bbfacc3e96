"""Holding a Python body to its limits: its slot notes them in the start cursor, and the engine looks at the slot's process, since the
body may hold the interpreter and with it every thread of the slot.
"""

import os

from flow_lang.plan import Limits

from flow_runtime.executors.usage import Budget, Exceeded, output_exceeded, seconds_of
from flow_runtime.processes.cursor import Allowance

KEPT = 0.5
"""The part of a limit of memory that a slot may go on to hold after a body; a slot with more ends, so that the next body has room."""


def allowance_of(limits: Limits) -> Allowance:
    """For a body that starts now in this process."""
    cpu = limits.cpu or 0.0
    spent = seconds_of(os.getpid()) if cpu else 0.0
    return Allowance(limits.memory or 0, round(cpu * 1000), round(spent * 1000), limits.output or 0)


def over(pid: int, allowed: Allowance) -> Exceeded | None:
    """Which limit the body in slot process `pid` is over."""
    if allowed.output and _written(pid) > allowed.output:
        return output_exceeded(allowed.output)
    if not (allowed.memory or allowed.cpu):
        return None
    limits = Limits(allowed.memory or None, allowed.cpu / 1000 or None)
    return Budget(pid, limits, allowed.spent / 1000).exceeded()


def holds_much(limits: Limits) -> bool:
    """Whether this process has kept so much that a body with these limits had better get a fresh one."""
    if limits.memory is None:
        return False
    return Budget(os.getpid(), Limits(round(limits.memory * KEPT))).exceeded() is not None


def _written(pid: int) -> int:
    """What the body has written to the file that is its standard output."""
    try:
        return os.stat(f"/proc/{pid}/fd/1").st_size
    except OSError:
        return 0
