"""What a store in SQL needs of its database for tables that no run waits for: reads, and statements that are one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from flow_engine.stores.queries import load

Values = Sequence[Any]
Rows = list[tuple[Any, ...]]


class Tables(ABC):
    """`files` hold the statements by their names."""

    def __init__(self, *files: str) -> None:
        self._queries = load(*files)

    @abstractmethod
    def _rows(self, query: str, rest: str, values: Values) -> Rows:
        """Of a named query and what follows it."""

    @abstractmethod
    def _write(self, *statements: tuple[str, Values]) -> list[Rows]:
        """Named statements in one transaction: what each of them returns."""
