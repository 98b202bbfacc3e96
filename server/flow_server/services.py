"""What the routes share: the state, the token, and the threads that block in their place."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flow_runtime.state_folder import StateFolder
from flow_runtime.storage_logs import logs_of
from starlette.requests import HTTPConnection

from flow_server.drawings import Drawings
from flow_server.event_hub import EventHub
from flow_server.metrics import Metrics
from flow_server.session import Sessions
from flow_server.store_threads import StoreThreads

T = TypeVar("T")


class Services:
    def __init__(self, state: StateFolder, token: str) -> None:
        self.state = state
        self.token = token
        self.sessions = Sessions(token)
        self.logs = logs_of(state)
        self.stores = StoreThreads(state)
        self.metrics = Metrics(state)
        self.drawings = Drawings()
        self.closing = False
        """The server is about to end: streams end, so that their connections do not hold it up."""
        self.streams: Counter[str] = Counter()
        """How many there are, by what they tell."""
        self.hub = EventHub(self.stores, lambda: self.closing)
        self.uploads = 0
        # compiling and drawing take a core for long: two at once, so that the store's threads stay quick
        self._heavy = ThreadPoolExecutor(2, thread_name_prefix="flow-heavy")

    async def heavy(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._heavy, job)

    def close(self) -> None:
        self._heavy.shutdown(wait=True, cancel_futures=True)
        self.stores.close()


def services_of(connection: HTTPConnection) -> Services:
    found = connection.app.state.services
    assert isinstance(found, Services)
    return found
