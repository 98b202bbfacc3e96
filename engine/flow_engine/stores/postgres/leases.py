"""Which workers live: each has a row with its heartbeat, by the clock of the server."""

import json
import os
import socket
from collections.abc import Callable, Collection
from typing import Any

from flow_engine.model import WorkerRecord
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.shared import LEASE


class Leases:
    """A worker is named by a random incarnation. One that was late is alive again with its next heartbeat: what it owned meanwhile is fenced."""

    def __init__(self, session: Session, queries: dict[str, str], lease: float = LEASE) -> None:
        self._session = session
        self._queries = queries
        self._lease = lease

    def beat(self, worker: str, labels: Collection[str] = ()) -> None:
        """The first begins the lease."""
        values = (worker, socket.gethostname(), os.getpid(), json.dumps(sorted({*labels})))
        self._session.rows(self._queries["beat"], values)

    def end(self, worker: str) -> None:
        """Others may take over what it owns at once."""
        self._session.rows(self._queries["end_worker"], (worker,))

    def workers(self) -> list[WorkerRecord]:
        """All whose lease has not run out, by name, with their labels."""
        rows = self._session.rows(self._queries["workers"], (self._lease,))
        return [WorkerRecord(name, tuple(json.loads(labels))) for name, labels in rows]

    def living(self, workers: Collection[str]) -> set[str]:
        """Those of these workers whose lease has not run out."""
        if not workers:
            return set()
        return {name for (name,) in self._session.rows(self._queries["living"], (list(workers), self._lease))}


def asked_one_by_one(alive: Callable[[str], bool]) -> Callable[[Collection[str]], set[str]]:
    """The same by another judge of who lives."""

    def living(workers: Collection[Any]) -> set[str]:
        return {worker for worker in workers if alive(worker)}

    return living
