"""The stores of the conformance suite, each with as many workers as a test wants."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.sqlite import SqliteStore
from support.world import World


class Workers:
    """Opens workers of one state; `dead` are those that the others take for dead."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.dead: set[str] = set()
        self._kind, self._folder = kind, folder
        self._stores: list[Store] = []

    def store(self) -> Store:
        if self._kind == "memory" and self._stores:
            return self._stores[0]
        alive = lambda worker: worker not in self.dead  # noqa: E731
        made: Store = (
            MemoryStore(alive, lambda: 0.5)
            if self._kind == "memory"
            else SqliteStore(str(self._folder / "flow.db"), alive, lambda: 0.5)
        )
        self._stores.append(made)
        return made

    def worker(self, name: str = "w1") -> World:
        return World(self.store(), name)

    def close(self) -> None:
        for store in self._stores:
            store.close()


@pytest.fixture(params=["memory", "sqlite"])
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(request.param, tmp_path)
    yield found
    found.close()
