"""A server as a child process: tied to this one, with its log in a file."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from flow_engine.errors import FlowError

START = 60.0
"""Seconds that a server may take to start."""
STOP = 30.0
"""Seconds that it is given to end by itself."""
_PR_SET_PDEATHSIG = 1
_LAST = 2000
"""Characters of a log that an error shows."""


class ServiceError(FlowError):
    """A server that Flow brings with it does not start, or is not installed."""


class Account(NamedTuple):
    """Whom a server runs as that refuses to be root's."""

    uid: int
    gid: int


def unprivileged() -> Account | None:
    """None where this process is not root's."""
    if os.geteuid():
        return None
    found = pwd.getpwnam("nobody")
    return Account(found.pw_uid, found.pw_gid)


class ServiceProcess:
    """`environment` is all that it gets. It ends with this process, also where that is killed: by the signal `crash`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: str,
        account: Account | None = None,
        environment: Mapping[str, str] | None = None,
        crash: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self._log = log
        user = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}
        with open(log, "ab") as stream:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                [*command],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                start_new_session=True,  # a terminal's Ctrl-C is for this process alone
                preexec_fn=lambda: _tie(crash),
                **user,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def need(self) -> None:
        """Waits for its end, which is to be a good one. Raises ServiceError."""
        if self._process.wait(START) != 0:
            raise self._trouble(f"ended with exit code {self._process.returncode}")

    def until(self, ready: Callable[[], bool]) -> None:
        """Waits until it serves. Raises ServiceError."""
        end = time.monotonic() + START
        while not ready():
            if not self.alive:
                raise self._trouble(f"ended with exit code {self._process.returncode}")
            if time.monotonic() > end:
                raise self._trouble(f"does not answer after {START:g} s")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if not self.alive:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _trouble(self, what: str) -> ServiceError:
        with open(self._log, encoding="utf-8", errors="replace") as stream:
            last = stream.read()[-_LAST:].strip()
        return ServiceError(f"{self.name} {what}; the end of {self._log}:\n{last}")


def _tie(crash: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, crash)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
