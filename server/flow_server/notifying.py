"""The notifier that a server has, in a thread beside it."""

import threading

from flow_runtime.relays.notifier import NotifierService
from flow_runtime.role_log import say
from flow_runtime.state_folder import StateFolder

PATIENCE = 2.0
"""Seconds that it is given to end; what it has in hand then is told again after the next start."""


class Notifying:
    """Any number of others may tell what the same rules say: each notice is held by one. `pages`: the address of this server."""

    def __init__(self, state: StateFolder, pages: str) -> None:
        self._stopping = threading.Event()
        service = NotifierService(state, _say, self._stopping.is_set, pages)
        self._thread = threading.Thread(target=service.serve, name="flow-notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)


def _say(text: str) -> None:
    say("server", text, "warning")
