"""The schedules that a server fires, in a thread beside it: deploying is all that one machine needs."""

import threading

from flow_runtime.role_log import say
from flow_runtime.schedules.service import ScheduleService
from flow_runtime.state_folder import StateFolder

PATIENCE = 2.0
"""Seconds that it is given to end."""


class Scheduling:
    """Any number of others may fire the same schedules: each instant fires once."""

    def __init__(self, state: StateFolder) -> None:
        self._stopping = threading.Event()
        service = ScheduleService(state, _say, self._stopping.is_set)
        self.families = service.figures.families
        self._thread = threading.Thread(target=service.serve, name="flow-schedules", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Between two instants. A state that does not answer holds nothing up: what is not committed is due again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)


def _say(text: str) -> None:
    say("server", text)
