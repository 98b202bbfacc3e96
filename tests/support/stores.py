"""The stores that ship, each with a state of its own for one test. What was opened of it is closed in the end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.open import open_state
from flow_engine.stores.sqlite import SqliteStore

from support.postgres import shared_server

Open = Callable[[Callable[[str], bool], Callable[[], float]], Store]
"""(which workers live, random source) -> a handle of the state."""


@contextmanager
def memory(folder: Path) -> Iterator[Open]:
    """All handles are one store, since it has no other."""
    shared: list[Store] = []

    def open_(alive: Callable[[str], bool], draw: Callable[[], float]) -> Store:
        if not shared:
            shared.append(MemoryStore(alive, draw))
        return shared[0]

    yield open_


@contextmanager
def sqlite(folder: Path) -> Iterator[Open]:
    with ExitStack() as opened:
        yield lambda alive, draw: opened.enter_context(closing(open_state(str(folder / "flow.db"), alive, draw)))


@contextmanager
def quick_sqlite(folder: Path) -> Iterator[Open]:
    """For campaigns, in which the power does not fail."""
    with sqlite(folder) as open_:

        def quick(alive: Callable[[str], bool], draw: Callable[[], float]) -> Store:
            store = open_(alive, draw)
            assert isinstance(store, SqliteStore)
            store._connection.execute("PRAGMA synchronous = OFF")
            return store

        yield quick


@contextmanager
def postgres(folder: Path) -> Iterator[Open]:
    with shared_server().empty_state() as url, ExitStack() as opened:
        yield lambda alive, draw: opened.enter_context(closing(open_state(url, alive, draw)))


State = Callable[[Path], AbstractContextManager[Open]]
STATES: dict[str, State] = {"memory": memory, "sqlite": sqlite, "postgres": postgres}
QUICK: dict[str, State] = {"memory": memory, "sqlite": quick_sqlite, "postgres": postgres}
"""The same for many short states."""
