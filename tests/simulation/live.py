"""What a worker holds of a run in memory, behind the store's promise."""

from typing import Any

from flow_engine.decisions.graph import RunGraph
from flow_engine.stores.contract import Store


def live_graph(store: Store, worker: str, run: str) -> RunGraph:
    """It has no name in the contract."""
    books: Any = store._books  # type: ignore[attr-defined]
    found: RunGraph = (books[worker] if isinstance(books, dict) else books).graph(run)
    return found
