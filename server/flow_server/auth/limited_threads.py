"""The threads of the store, which give each job the store as one principal may see it."""

from collections.abc import Callable
from typing import TypeVar

from flow_engine.access import ALL
from flow_engine.stores.contract import Store

from flow_server.auth.namespace_store import of_namespace
from flow_server.auth.open_store import of_all
from flow_server.auth.policy import Policy
from flow_server.store_threads import StoreThreads

T = TypeVar("T")


class LimitedThreads:
    def __init__(self, threads: StoreThreads, namespace: str, policy: Policy) -> None:
        self._threads, self.namespace, self._policy = threads, namespace, policy

    async def run(self, job: Callable[[Store], T]) -> T:
        """What `job` returns or raises, from one of the threads."""
        return await self._threads.run(lambda store: job(self.limited(store)))

    def limited(self, store: Store) -> Store:
        if self.namespace == ALL:
            return of_all(store, self._policy)
        return of_namespace(store, self.namespace, self._policy)
