"""What the routes share: the state, who may do what, and the threads that block in their place."""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flow_engine.access import ALL
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage_logs import logs_of
from starlette.requests import HTTPConnection

from flow_server.auth.audit import AuditLog
from flow_server.auth.credentials import Credentials
from flow_server.auth.limited_threads import LimitedThreads
from flow_server.auth.limits import Buckets
from flow_server.auth.principal import Principal, principal_of
from flow_server.auth.settings import AccessSettings, access_settings
from flow_server.compiled import CompiledSources
from flow_server.drawings import Drawings
from flow_server.event_hub import EventHub
from flow_server.metrics import Metrics
from flow_server.session import Sessions
from flow_server.store_threads import StoreThreads
from flow_server.submission import Prepared
from flow_server.submissions import Kept, Submissions

T = TypeVar("T")
_DAY = 86400.0
BURST = 2.0
"""Seconds' worth of requests that a principal may send at once."""


class _Counts:
    """What all requests count together."""

    def __init__(self) -> None:
        self.closing = False
        self.uploads = 0


class Services:
    """`settings` are those of the environment unless they are given. `stores` sees all namespaces; `of` gives what a request may use."""

    def __init__(self, state: StateFolder, token: str, settings: AccessSettings | None = None) -> None:
        self.state = state
        self.settings = settings or access_settings()
        self.sessions = Sessions(token)
        self.logs = logs_of(state)
        self.threads = StoreThreads(state)
        self.stores: StoreThreads | LimitedThreads = self.threads
        self.credentials = Credentials(token, self.threads, self.settings.jwt)
        self.audit = AuditLog(self.threads, self.settings.audit_days * _DAY)
        self.requests = Buckets(self.settings.rate, BURST * self.settings.rate) if self.settings.rate else None
        self.metrics = Metrics(state)
        self.drawings = Drawings()
        self.sources = CompiledSources(state)
        self.submissions = Submissions(self.threads, state)
        self._counts = _Counts()
        self.streams: Counter[str] = Counter()
        """How many there are, by what they tell; those of all principals together."""
        self.hub = EventHub(self.threads, lambda: self.closing)
        # compiling and drawing take a core for long: two at once, so that the store's threads stay quick
        self._heavy = ThreadPoolExecutor(2, thread_name_prefix="flow-heavy")

    def of(self, principal: Principal) -> "Services":
        """The same, with a store that has what this principal may see and nothing else."""
        view = copy.copy(self)
        view.stores = LimitedThreads(self.threads, principal.namespace, self.settings.policy)
        return view

    async def submit(self, prepare: Callable[[], Prepared]) -> Kept:
        """A run of whoever asks. Raises what `prepare` raises, IdempotencyConflict and StoreError."""
        stores = self.stores
        if isinstance(stores, LimitedThreads):
            return await self.submissions.submit(stores.namespace, stores.limited, prepare)
        return await self.submissions.submit(ALL, lambda store: store, prepare)

    async def heavy(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._heavy, job)

    def close(self) -> None:
        self._heavy.shutdown(wait=True, cancel_futures=True)
        self.threads.close()

    @property
    def closing(self) -> bool:
        """The server is about to end: streams end, so that their connections do not hold it up."""
        return self._counts.closing

    @closing.setter
    def closing(self, value: bool) -> None:
        self._counts.closing = value

    @property
    def uploads(self) -> int:
        return self._counts.uploads

    @uploads.setter
    def uploads(self, value: int) -> None:
        self._counts.uploads = value


def services_of(connection: HTTPConnection) -> Services:
    """As far as whoever asks may use them."""
    found = connection.app.state.services
    assert isinstance(found, Services)
    principal = principal_of(connection)
    return found if principal is None else found.of(principal)
