"""Where a worker process gets its runs from."""

import math
import time
from typing import Protocol

from flow_engine.stores.sqlite import SqliteStore

LOOK = 0.05
"""Seconds between two looks whether another process has written to the state (SQLite's data_version, no query)."""
LOOK_ANYWAY = 2.0
"""Seconds between two looks for runs without such a sign: the death of their owner is none."""


class RunFeed(Protocol):
    def wanted(self, most: int, capacity: int) -> list[str]:
        """Runs to take over, or to borrow tasks of. `most`: how many can be taken; `capacity`: what the slots could take."""
        ...

    def taken(self, more: bool) -> None:
        """What was wanted is taken, or is not to be had; `more`: there was more of it than could be taken."""
        ...

    def patience(self) -> float:
        """Seconds after which it should be asked again, where nothing else happens."""
        ...


class FolderFeed:
    """Of a state in a file: one query, where another process has written."""

    def __init__(self, store: SqliteStore, page: int) -> None:
        self._store = store
        self._page = page
        self._changes = -1
        self._asked_at = self._looked_at = 0.0
        self._again = False

    def wanted(self, most: int, capacity: int) -> list[str]:
        return self._store.unowned(self._page) if most > 0 and self._due() else []

    def taken(self, more: bool) -> None:
        self._again = self._again or more

    def patience(self) -> float:
        return math.inf

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._asked_at < LOOK:
            return False
        self._asked_at = now
        changes = self._store.changes()
        if changes == self._changes and not self._again and now - self._looked_at < LOOK_ANYWAY:
            return False
        self._changes, self._looked_at, self._again = changes, now, False
        return True
