"""What `flow notifier` is, and a part of `flow server`: it tells people what the rules of the state say."""

import os
import time
from collections.abc import Callable
from contextlib import closing

from flow_engine.ids import new_id

from flow_runtime.notices.delivery import Delivery
from flow_runtime.relays.notices import NoticeRelay
from flow_runtime.role_loop import RoleLoop
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from flow_runtime.telemetry.role_figures import NotifierFigures


class NotifierService:
    """Any number may run on one state. `pages` is the address of the web pages, as far as it is known. `is_over` tells it to end."""

    def __init__(
        self, state: StateFolder, say: Callable[[str], None], is_over: Callable[[], bool], pages: str = ""
    ) -> None:
        self._state, self._say, self._pages = state, say, pages
        self.figures = NotifierFigures()
        self._loop = RoleLoop(say, is_over)

    def serve(self) -> None:
        """What is under way is noted before it ends."""
        self._loop.run(self._live)

    def _live(self) -> None:
        name = new_id(time.time(), os.urandom)
        with closing(open_store(self._state)) as store, closing(Delivery(self._pages)) as delivery:
            relay = NoticeRelay(store.notices, delivery.send, name, tell=self._say, figures=self.figures)
            self._loop.steps(relay.step)
