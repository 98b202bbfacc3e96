"""The notices of an SQLite state as an outbox."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from flow_lang.plan import Plan

from flow_engine.notices.contract import Notice, NotifyRule
from flow_engine.stores.notices import HELD, NoticeReads
from flow_engine.stores.queries import load
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading


class SqliteNotices(NoticeReads):
    """On a connection of the store."""

    def __init__(self, connection: sqlite3.Connection, plan_of: Callable[[str, str], Plan]) -> None:
        super().__init__(plan_of)
        self._connection = connection
        self._queries = load("notices.sql", "sqlite_notices.sql")

    def put_rule(self, rule: NotifyRule, now: float) -> bool:
        with transaction(self._connection, "notices"):
            is_new = not self._rows("known_rule", "", (rule.namespace, rule.name))
            self._write("keep_rule", (rule.namespace, rule.name, rule.workflow, rule.sink, now))
            self._write("drop_rule_events", (rule.namespace, rule.name))
            for event in rule.events:
                self._write("keep_rule_event", (event, rule.namespace, rule.name))
        return is_new

    def remove_rule(self, name: str, namespace: str = "default") -> bool:
        with transaction(self._connection, "notices"):
            self._write("drop_rule_notices", (namespace, name))
            self._write("drop_rule_events", (namespace, name))
            return self._write("drop_rule", (namespace, name)) == 1

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Notice]:
        if not self.backlog().notices:
            return []  # so that a relay with nothing to do writes nothing
        with transaction(self._connection, "notices"):
            self._write("claim_notices", (relay, limit, now, until))
            return self._notices(HELD, (relay, until))

    def delivered(self, relay: str, numbers: Sequence[int]) -> int:
        return self._kept("delivered", (json.dumps(numbers), relay)) if numbers else 0

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        return self._kept("put_notice_off", (until, trouble, number, relay)) == 1

    def give_up(self, relay: str, number: int, trouble: str, now: float) -> bool:
        return self._kept("give_notice_up", (trouble, now, number, relay)) == 1

    def try_again(self, namespace: str = "default") -> int:
        return self._kept("try_notices_again", (namespace,))

    def _kept(self, query: str, values: Sequence[Any]) -> int:
        with transaction(self._connection, "notices"):
            return self._write(query, values)

    def _write(self, query: str, values: Sequence[Any]) -> int:
        return self._connection.execute(self._queries[query], values).rowcount

    def _rows(self, query: str, rest: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with reading(self._connection):
            return self._connection.execute(f"{self._queries[query]} {rest}", values).fetchall()
