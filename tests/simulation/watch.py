"""Reads for the checker, which looks at everything after each step: what nobody has written since is not asked for again."""

from collections.abc import Callable
from typing import Any

from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_engine.stores.postgres import PostgresStore
from flow_engine.stores.postgres.session import Session

READS = ("tasks", "attempts", "children")


class Watch:
    """Quickens the reads of one handle of a state in PostgreSQL, all of whose handles are given to `add`."""

    def __init__(self) -> None:
        self._sessions: list[Session] = []
        self._kept: dict[object, Any] = {}
        self._version = -1

    def add(self, store: Store) -> None:
        if isinstance(store, PostgresStore):
            self._sessions.append(store._session)

    def quicken(self, store: Store) -> None:
        if isinstance(store, PostgresStore):
            for name in READS:
                setattr(store, name, self._remembering(name, getattr(store, name)))
            store.run = self._run(store)  # type: ignore[method-assign]

    def _remembering(self, name: str, read: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(*given: object, **named: object) -> Any:
            kept, key = self._current(), (name, given, *named.items())
            if key not in kept:
                kept[key] = read(*given, **named)
            return kept[key]

        return remembered

    def _run(self, store: PostgresStore) -> Callable[[str], RunRecord]:
        """All of them are read together."""

        def run(run: str) -> RunRecord:
            kept = self._current()
            if "runs" not in kept:
                kept["runs"] = {record.id: record for record in store.runs(RunFilter(limit=10_000))}
            found: RunRecord = kept["runs"][run]
            return found

        return run

    def _current(self) -> dict[object, Any]:
        """What was read since anybody has begun a transaction that writes: each has a number."""
        version = sum(session._number for session in self._sessions)
        if version != self._version:
            self._kept, self._version = {}, version
        return self._kept
