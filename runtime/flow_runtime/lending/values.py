"""The values of a run that another worker owns, read from its rows."""

from collections.abc import Sequence
from typing import Any

from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store


class BorrowedValues:
    """Where the instances of a `for` begin is asked for once: while anything of a run is lent, that does not change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._first: dict[tuple[str, int], int] = {}

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]:
        return self._store.results(run, rows)

    def items(self, run: str, rows: Sequence[int]) -> list[str | None]:
        return self._store.items(run, rows)

    def row_of(self, run: str, node: int, place: int) -> int:
        if (run, node) not in self._first:
            self._first[(run, node)] = self._store.row_of(run, node, 0)
        return self._first[(run, node)] + place

    def state_of(self, run: str, node: int) -> str:
        return self._store.state_of(run, node)

    def size_of(self, run: str, node: int) -> int:
        return self._store.size_of(run, node)

    def gather(self, run: str, node: int, most: int | None = None) -> list[str]:
        return self._store.gather(run, node, most)

    def outcome(self, run: str) -> str:
        return self._store.outcome(run)

    def run(self, run: str) -> RunRecord:
        return self._store.run(run)

    def overrides(self, run: str) -> dict[int, dict[str, Any]]:
        return self._store.overrides(run)

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        return self._store.tasks(run, values)
