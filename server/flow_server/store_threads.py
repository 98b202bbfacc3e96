"""The threads that use the store: it blocks, and its connections are bound to threads, so the event loop never touches them."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flow_engine.errors import StoreError
from flow_engine.stores.contract import Store
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder

T = TypeVar("T")

RECYCLE = 5000
"""Calls after which a thread opens its store anew: a store keeps the plans and numbers that it has seen."""


class StoreThreads:
    """Opens a store for each thread at its first call."""

    def __init__(self, state: StateFolder, count: int = 4) -> None:
        self._state = state
        self._count = count
        self._own = threading.local()
        self._known = self._file()
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="flow-store")

    async def run(self, job: Callable[[Store], T]) -> T:
        """What `job` returns or raises, from one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._call, job)

    def close(self) -> None:
        """Waits for what is under way and closes each store in its own thread, as SQLite demands."""
        every = threading.Barrier(self._count)
        for _ in range(self._count):
            self._executor.submit(self._close_own, every)
        self._executor.shutdown(wait=True)

    def _call(self, job: Callable[[Store], T]) -> T:
        used = getattr(self._own, "used", 0)
        if used >= RECYCLE:
            self._own.store.close()
        if used in (0, RECYCLE):
            used, self._own.used = 0, 0  # stays so where the state cannot be opened
            self._refuse_another()  # a thread that is new would make it again
            self._own.store = open_store(self._state)
            self._known = self._known or self._file()
        self._own.used = used + 1
        self._refuse_another()
        return job(self._own.store)

    def _refuse_another(self) -> None:
        if self._known is not None and self._file() != self._known:
            raise StoreError(f"the state {self._state.root} has been removed or replaced; start the server anew")

    def _file(self) -> tuple[int, int] | None:
        """Which file the database is: SQLite goes on with one that was removed, and what is written there is lost."""
        if self._state.database_url:
            return None
        try:
            found = os.stat(self._state.database)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _close_own(self, every: threading.Barrier) -> None:
        every.wait()  # no thread takes two of these, so each closes its own
        if getattr(self._own, "used", 0):
            self._own.store.close()
