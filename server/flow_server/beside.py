"""Services that a server has beside itself, each in a thread: its notifier, and the schedules that it fires.

Any number of others may do the same for the state: each notice is held by one, and each instant fires once.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from flow_runtime.relays.notifier import NotifierService
from flow_runtime.role_log import say
from flow_runtime.schedules.service import ScheduleService
from flow_runtime.state_folder import StateFolder
from prometheus_client.core import Metric

PATIENCE = 2.0
"""Seconds that all of them are given to end. What is not committed then is due again, what was in hand is told again."""


Shown = Callable[[Callable[[], Iterable[Metric]]], object]


class Service(Protocol):
    def serve(self) -> None:
        """Until it is to stop."""
        ...


class Beside:
    """`make` is given what says whether the service is to stop."""

    def __init__(self, name: str, make: Callable[[Callable[[], bool]], Service]) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=make(self._stopping.is_set).serve, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def wait(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)


def notifier(state: StateFolder, pages: str, shown: Shown) -> Beside:
    """`pages`: the address of this server; `shown` is given what makes its metrics."""

    def make(stopping: Callable[[], bool]) -> Service:
        service = NotifierService(state, _warn, stopping, pages)
        shown(service.figures.families)
        return service

    return Beside("flow-notifier", make)


def scheduler(state: StateFolder, shown: Shown) -> Beside:

    def make(stopping: Callable[[], bool]) -> Service:
        service = ScheduleService(state, _tell, stopping)
        shown(service.figures.families)
        return service

    return Beside("flow-schedules", make)


def stop_all(services: Sequence[Beside]) -> None:
    """At once: a state that does not answer holds nothing up for longer than the others."""
    for one in services:
        one.ask_to_stop()
    deadline = time.monotonic() + PATIENCE
    for one in services:
        one.wait(max(deadline - time.monotonic(), 0.0))


def _tell(text: str) -> None:
    say("server", text)


def _warn(text: str) -> None:
    say("server", text, "warning")
