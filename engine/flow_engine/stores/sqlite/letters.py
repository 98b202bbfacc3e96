"""The dead letters of an SQLite state as an outbox."""

import json
import sqlite3
from collections.abc import Callable, Sequence

from flow_lang.plan import Plan

from flow_engine.dead_letters.contract import Backlog, Letter
from flow_engine.stores.queries import load
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading

PlanOf = Callable[[str, str], Plan]
"""The plan of a hash, with a workflow as its entry."""


class SqliteLetters:
    """On a connection of the store."""

    def __init__(self, connection: sqlite3.Connection, plan_of: PlanOf) -> None:
        self._connection = connection
        self._plan_of = plan_of
        self._queries = load("letters.sql")

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Letter]:
        if not self.backlog().letters:
            return []  # so that a relay with nothing to do writes nothing
        with transaction(self._connection, "letters"):
            self._connection.execute(self._queries["claim_letters"], (relay, limit, now, until))
            rows = self._connection.execute(self._queries["held_letters"], (relay, until)).fetchall()
        return [self._letter(*row) for row in rows]

    def exported(self, relay: str, numbers: Sequence[int], now: float) -> int:
        if not numbers:
            return 0
        with transaction(self._connection, "letters"):
            return self._connection.execute(self._queries["exported"], (now, json.dumps(numbers), relay)).rowcount

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        with transaction(self._connection, "letters"):
            values = (until, trouble, number, relay)
            return self._connection.execute(self._queries["put_off"], values).rowcount == 1

    def backlog(self) -> Backlog:
        with reading(self._connection):
            return Backlog(*self._connection.execute(self._queries["backlog"]).fetchone())

    def _letter(
        self,
        number: int,
        topic: str,
        namespace: str,
        run: str,
        workflow: str,
        plan_hash: str,
        seq: int,
        node: int,
        place: int | None,
        attempt: int,
        error: str,
        created_at: float,
        labels: str,
        replayed_at: float | None,
        tries: int,
    ) -> Letter:
        name = self._plan_of(plan_hash, workflow).workflow.tasks[node].name
        of = (number, topic, namespace, run, workflow, plan_hash, seq, name, place, attempt, error, created_at)
        return Letter(*of, tuple(json.loads(labels)), replayed_at, tries)
