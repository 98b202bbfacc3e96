"""The dead letters of an SQLite state as an outbox."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from flow_engine.dead_letters.contract import Backlog, Letter
from flow_engine.stores.letters import HELD, LetterReads, PlanOf, parts_of
from flow_engine.stores.queries import load
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading


class SqliteLetters(LetterReads):
    """On a connection of the store."""

    def __init__(self, connection: sqlite3.Connection, plan_of: PlanOf) -> None:
        super().__init__(plan_of)
        self._connection = connection
        self._queries = load("common.sql", "sqlite.sql", "letters.sql")

    def drop(self, id_: str, now: float) -> bool:
        self.letter(id_)
        with transaction(self._connection, "letters"):
            return self._connection.execute(self._queries["drop_letter"], (now, *parts_of(id_))).rowcount == 1

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Letter]:
        if not self.backlog().letters:
            return []  # so that a relay with nothing to do writes nothing
        with transaction(self._connection, "letters"):
            self._connection.execute(self._queries["claim_letters"], (relay, limit, now, until))
            return self._letters(HELD, (relay, until))

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

    def _rows(self, query: str, rest: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with reading(self._connection):
            return self._connection.execute(f"{self._queries[query]} {rest}", values).fetchall()
