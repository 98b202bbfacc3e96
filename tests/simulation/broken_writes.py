"""A transaction whose writes fail, at a step that chance chooses."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flow_engine.stores.contract import Store
from flow_engine.stores.postgres import PostgresStore

from simulation.server_faults import ServerFaults


class BrokenWrites:
    """`failure`: what a write raises that fails, where the store has any."""

    def __init__(self, draw: random.Random, failure: Exception | None, faults: ServerFaults) -> None:
        self._draw, self._failure, self._faults = draw, failure, faults

    @contextmanager
    def of(self, store: Store) -> Iterator[None]:
        """Whatever is done with this handle meanwhile."""
        writer: Any = getattr(store, "_writer", None)
        if writer is None or self._failure is None:
            yield
            return

        def fail(*_: object) -> None:
            raise self._failure

        step = self._draw.choice(["write", "_start", "_insert_born"])
        if step == "write" and isinstance(store, PostgresStore) and self._faults.takes_disk():
            with self._faults.full_disk(store):
                yield
            return
        setattr(writer, step, fail)
        try:
            yield
        finally:
            delattr(writer, step)
