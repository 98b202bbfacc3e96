"""The process of a shell body: posix_spawn in a process group of its own, awaited through a pidfd and held to its limits."""

import os
import select
import signal
import time
from typing import TYPE_CHECKING, Protocol

from flow_lang.plan import Limits

from flow_runtime.executors.bounded_log import PERIOD as LOG_PERIOD
from flow_runtime.executors.bounded_log import trim
from flow_runtime.executors.failure import BodyCancelled, BodyFailed
from flow_runtime.executors.results import LIMIT
from flow_runtime.executors.usage import PERIOD, Budget, Exceeded, limits_process, output_exceeded

if TYPE_CHECKING:
    from flow_runtime.executors.pump import Pump

NOT_STARTED = ("no_interpreter", "spawn")
"""The codes of a body whose program could not be started."""
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL for a body that is over a limit; one that is over its memory gets none."""
_DEFAULTS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    *(
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGCHLD,
    ),
)
"""What Python ignores, and what a Python body in the same process may have set to be ignored."""


class Interrupt(Protocol):
    """How the engine reaches a running body."""

    def fileno(self) -> int: ...

    def asked(self, number: int) -> tuple[str, float] | None:
        """Reads what has come; `(why, grace seconds)` where work item `number` should end."""
        ...


class Group(Protocol):
    """Where the body's process group is noted for the guardian."""

    def note_group(self, group: int) -> None: ...


class Child:
    """`pump`: where output does not go straight to the files."""

    def __init__(self, number: int, interrupt: Interrupt, limits: Limits, pump: "Pump | None") -> None:
        self._number, self._interrupt, self._limits, self._pump = number, interrupt, limits, pump
        self._pid = self._descriptor = -1
        self._ended_for: str | Exceeded | None = None
        self._kill_at: float | None = None
        self._looked_at = self._trimmed_at = 0.0
        self._written: tuple[tuple[str, int], ...] = ()
        """The files that it writes to, and how much of the beginning of each is needed whatever comes."""

    def run(self, command: list[str], environment: dict[str, str], log: str, captured: str, noted: Group) -> int:
        """Its exit status as of waitstatus_to_exitcode. Raises BodyCancelled, and BodyFailed where it could not be started or was
        ended for a limit."""
        self._written = ((log, 0), (captured, LIMIT + 1)) if captured else ((log, 0),)
        self._pid = self._spawn(command, environment, self._actions(log, captured))
        noted.note_group(self._pid)
        try:
            status = self._awaited()
        finally:
            signal_group(self._pid, signal.SIGKILL)  # what the body left running in its group
            noted.note_group(0)
            if self._pump:
                self._pump.close()
        self._raise()
        return status

    def _awaited(self) -> int:
        self._descriptor = os.pidfd_open(self._pid)
        try:
            self._watch()
        except OSError:  # its output can be written nowhere
            self._kill()
            os.waitpid(self._pid, 0)
            raise
        finally:
            os.close(self._descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _raise(self) -> None:
        why = self._ended_for
        if why is None and self._pump and self._pump.exceeded:
            why = output_exceeded(self._limits.output or 0)
        if isinstance(why, Exceeded):
            raise BodyFailed(why.code, why.message)
        if why is not None:
            raise BodyCancelled(why)

    def _actions(self, log: str, captured: str) -> list[tuple[object, ...]]:
        actions: list[tuple[object, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        if self._pump:
            output, errors = self._pump.write_ends
            return [*actions, (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        actions.append((os.POSIX_SPAWN_OPEN, 2, log, write, 0o600))
        actions.append((os.POSIX_SPAWN_OPEN, 1, captured, write, 0o600) if captured else (os.POSIX_SPAWN_DUP2, 2, 1))
        return actions

    def _spawn(self, command: list[str], environment: dict[str, str], actions: list[tuple[object, ...]]) -> int:
        try:
            pid = os.posix_spawnp(
                command[0],
                command,
                environment,
                file_actions=actions,
                setpgroup=0,
                setsigmask=(),
                setsigdef=_DEFAULTS,
            )
        except OSError as error:
            if self._pump:
                self._pump.close()
            if isinstance(error, FileNotFoundError):
                raise BodyFailed(
                    "no_interpreter", f"{command[0]} is not installed on this worker (PATH has no such program)"
                ) from error
            raise BodyFailed("spawn", f"{command[0]} could not be started: {error.strerror}") from error
        if self._pump:
            self._pump.handed_over()
        return pid

    def _watch(self) -> None:
        """Until its first process has ended."""
        poll = select.poll()
        for descriptor in (self._descriptor, self._interrupt.fileno(), *(self._pump.read_ends if self._pump else ())):
            poll.register(descriptor, select.POLLIN)
        budget = Budget(self._pid, self._limits) if limits_process(self._limits) else None
        self._consider(budget)  # a request may have come together with the work
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(self._patience(budget))]
            for descriptor in ready:
                if self._pump and descriptor in self._pump.read_ends and not self._pump.carry(descriptor):
                    poll.unregister(descriptor)
            if self._descriptor in ready:
                return
            self._consider(budget)
            self._trim()

    def _trim(self) -> None:
        """Bounds what it has written so far."""
        now = time.monotonic()
        if now - self._trimmed_at >= LOG_PERIOD:
            self._trimmed_at = now
            for path, head in self._written:
                trim(path, head)

    def _patience(self, budget: Budget | None) -> float:
        """Milliseconds."""
        if self._kill_at is not None:
            return min(max(self._kill_at - time.monotonic(), 0.0), LOG_PERIOD) * 1000
        looks = budget is not None and self._ended_for is None
        return (PERIOD if looks else LOG_PERIOD) * 1000

    def _consider(self, budget: Budget | None) -> None:
        """Whether it must end: on demand, or because it is over a limit."""
        if self._ended_for is not None:
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._kill()
            return
        asked = self._interrupt.asked(self._number)
        if asked:
            self._end(*asked)
        elif self._pump and self._pump.exceeded:
            self._end(output_exceeded(self._limits.output or 0), GRACE)
        elif (over := self._over(budget)) is not None:
            self._end(over, 0.0 if over.code == "memory" else GRACE)

    def _over(self, budget: Budget | None) -> Exceeded | None:
        now = time.monotonic()
        if budget is None or now - self._looked_at < PERIOD:
            return None
        self._looked_at = now
        return budget.exceeded()

    def _end(self, why: str | Exceeded, grace: float) -> None:
        self._ended_for = why
        self._kill_at = time.monotonic() + grace
        signal_group(self._pid, signal.SIGTERM)
        if not grace:
            self._kill()

    def _kill(self) -> None:
        self._kill_at = None
        signal_group(self._pid, signal.SIGKILL)
        signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)  # it may have left the group


def signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
