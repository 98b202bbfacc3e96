"""The guardian: forks the slots, while the engine holds threads, locks and databases that must not be forked, and outlives a
kill -9 of the engine.

It leads a session of its own, so that a terminal's Ctrl-C reaches the engine alone. When the engine is gone it ends every body's
process group, then every slot's, then every process that still carries the engine's incarnation in its environment.
"""

import _socket
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from flow_engine.crash_points import reached
from flow_engine.errors import FlowError

from flow_runtime.processes.channel import Channel, pair, receive_socket, send_socket
from flow_runtime.processes.cursor import Cursor
from flow_runtime.processes.frames import MOST
from flow_runtime.processes.orphans import adopt_orphans, end_orphans, take_name

Prepare = Callable[[], None]
"""What the guardian does before its first fork, while the engine goes on: to load what every slot would load."""

SlotMain = Callable[[int, "_socket.socket"], None]
"""What a slot runs after the fork: its number and its end of the channel."""

GRACE = 0.2
"""Seconds between SIGTERM and SIGKILL for what an engine left behind."""


class GuardianDied(FlowError):
    """Somebody ended the guardian. Without it a crash of the engine would leave bodies behind, so that the engine stops."""

    def __init__(self) -> None:
        super().__init__("the guardian process of this worker was killed")


class Guardian:
    """The engine's side."""

    def __init__(self, pid: int, incarnation: str, carrier: "_socket.socket", reports: Channel) -> None:
        self.pid = pid
        self._incarnation = incarnation
        self._carrier = carrier
        self.reports = reports

    @classmethod
    def start(cls, cursor: Cursor, incarnation: str, slot_main: SlotMain, prepare: Prepare) -> "Guardian":
        """Forks it. Call this before threads start and before any database is open."""
        ours, theirs = pair()
        report_read, report_write = pair()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            ours.close()
            report_read.close()
            _guard(_Guard(theirs, report_write, cursor, incarnation, slot_main), incarnation, prepare)
        theirs.close()
        report_write.close()
        return cls(pid, incarnation, ours, Channel(report_read))

    def fork_slot(self, slot: int) -> Channel:
        """Asks for a process in this slot; its id comes as a report `["pid", slot, pid]`. Raises GuardianDied."""
        ours, theirs = pair()
        try:
            send_socket(self._carrier, theirs, str(slot).encode())
        except (BrokenPipeError, ConnectionResetError) as error:
            ours.close()
            raise GuardianDied from error
        finally:
            theirs.close()
        return Channel(ours, MOST)

    def end_bodies_of(self, slot: int) -> None:
        """Ends whatever the bodies of a slot whose process has died left running, wherever it went."""
        end_orphans(self._incarnation, slot)

    def stop(self) -> bool:
        """Ends all slots and bodies and waits for that. False where the guardian had died and could not do it."""
        self._carrier.close()
        try:
            status = os.waitpid(self.pid, 0)[1]
        except ChildProcessError:
            status = -1  # reaped by somebody else
        self.reports.close()
        return status == 0


def _guard(guard: "_Guard", incarnation: str, prepare: Prepare) -> NoReturn:
    status = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a body must not read what was meant for the command
        take_name(incarnation)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        guard.listen()
        prepare()
        guard.serve()
        status = 0
    finally:
        os._exit(status)


class _Guard:
    """The guardian's side."""

    def __init__(
        self, carrier: "_socket.socket", report: "_socket.socket", cursor: Cursor, incarnation: str, slot_main: SlotMain
    ) -> None:
        self._carrier, self._report, self._cursor = carrier, report, cursor
        self._incarnation, self._slot_main = incarnation, slot_main
        self._pids: set[int] = set()
        self._adopts_orphans: bool | None = None
        self._wake_read = self._wake_write = -1

    def listen(self) -> None:
        """Hears of the ends of its children from now on."""
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self._carrier, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._wake_read:
                    os.read(self._wake_read, 4096)
                    self._reap()
                    continue
                text, sock = receive_socket(self._carrier)
                if not text:
                    reached("guardian.ending")
                    self._end_all()
                    return
                if sock is not None:
                    self._fork(int(text), sock)

    def _fork(self, slot: int, sock: "_socket.socket") -> None:
        pid = os.fork()
        if pid == 0:
            self._become_slot(slot, sock)
        sock.close()
        self._pids.add(pid)
        reached("guardian.forked")
        self._tell(["pid", slot, pid])
        if self._adopts_orphans is None:
            self._adopts_orphans = adopt_orphans()  # after the first fork, which someone waits for

    def _become_slot(self, slot: int, sock: "_socket.socket") -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.setpgid(0, 0)
            for descriptor in (self._wake_read, self._wake_write):
                os.close(descriptor)
            self._carrier.close()
            self._report.close()
            self._slot_main(slot, sock)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._pids.discard(pid)
            self._tell(["exit", pid, status])

    def _tell(self, report: list[object]) -> None:
        text = json.dumps(report).encode()
        try:
            self._report.sendall(len(text).to_bytes(4, "little") + text)
        except OSError:
            return  # the engine is gone; the carrier's end of file follows

    def _end_all(self) -> None:
        groups = [*self._cursor.groups(), *self._pids]
        for group in groups:
            _signal_group(group, signal.SIGTERM)
        if not self._gone(groups, GRACE):
            for group in groups:
                _signal_group(group, signal.SIGKILL)
        self._gone([*self._pids], GRACE)
        if not self._adopts_orphans or self._has_children():
            end_orphans(self._incarnation)

    def _gone(self, groups: list[int], patience: float) -> bool:
        deadline, pause = time.monotonic() + patience, 0.0005
        while True:
            self._reap_silently()
            if not any(_group_lives(group) for group in groups):
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 0.005)

    def _reap_silently(self) -> None:
        while self._has_children() and os.waitpid(-1, os.WNOHANG)[0]:
            continue

    def _has_children(self) -> bool:
        """Whether anything is left of all that the bodies ever started; sure only for a process that adopts orphans."""
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
