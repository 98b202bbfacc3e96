"""The processes that a server keeps running beside itself: each is started again when it dies, and never left behind."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from flow_engine.backoff import Backoff
from flow_runtime.role_log import say
from flow_runtime.state_folder import StateFolder
from flow_runtime.telemetry.address import Address

STARTS = Backoff(0.2, 10.0)
"""Before one that died is started again."""
STEADY = 30.0
"""Seconds of life after which the backoff starts anew."""
YIELDS = 5
"""Steps by which what it starts gives way to the server: whoever asks is answered while workers are busy. Alone they take all there is."""
PATIENCE = (0.3, 3.0)
"""Seconds that an ending one is given to hand back what has not started, and then to end what runs."""


_KEYS = ("FLOW_TOKEN", "FLOW_JWT_KEY")


def worker_command(state: StateFolder, slots: int | None, metrics: Address | None = None) -> list[str]:
    options = [f"--label={label}" for label in state.labels]
    options += [] if slots is None else ["--slots", str(slots)]
    options += [] if metrics is None else ["--metrics", str(metrics)]
    return ["-m", "flow_runtime.daemon", state.root, *options]


def relay_command(state: StateFolder, kafka: str, metrics: Address | None = None) -> list[str]:
    return ["-m", "flow_runtime.relays.service", state.root, kafka, *([] if metrics is None else [str(metrics)])]


class Supervisor:
    """`name` is what is told of the process, `command` what Python runs. The process has a session of its own, so that a terminal's Ctrl-C
    reaches the server alone; its standard input is a pipe that this process holds, so that it also ends where this process is killed."""

    def __init__(self, state: StateFolder, name: str, command: list[str]) -> None:
        self._name = name
        self._command = [sys.executable, "-P", *command]
        self._shared = {"FLOW_DATABASE": state.database_url, "FLOW_QUEUE": state.queue_url}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name="flow-supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def start(self) -> None:
        self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """Ends it. Of a worker, what has not started goes back, what runs is ended and runs again under the next one."""
        with self._lock:
            self._stopping.set()  # from here on none is started
            process = self._process
        if process is not None:
            self._end(process)
        if self._thread.is_alive():
            self._thread.join()

    def _supervise(self) -> None:
        deaths = 0
        while True:
            process, began = self._process, time.monotonic()
            assert process is not None
            status = process.wait()
            if self._stopping.is_set():
                return
            deaths = 1 if time.monotonic() - began > STEADY else deaths + 1
            delay = STARTS.pause(deaths)
            say("server", f"{self._name} {_ending(status)}; starting another in {delay:g} s", "warning")
            if self._stopping.wait(delay):
                return
            self._spawn()

    def _spawn(self) -> None:
        # the bodies that it runs have no business with what opens the server
        environment = {name: value for name, value in os.environ.items() if name not in _KEYS} | self._shared
        with self._lock:
            if self._stopping.is_set():
                return
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
            self._process = subprocess.Popen(  # noqa: S603
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, start_new_session=True
            )
            _give_way(self._process.pid)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        for patience in PATIENCE:
            process.terminate()
            try:
                process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _give_way(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended already; who is nicer than that is nice enough
        os.setpriority(os.PRIO_PROCESS, pid, min(os.getpriority(os.PRIO_PROCESS, 0) + YIELDS, 19))


def _ending(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with exit code {status}"
