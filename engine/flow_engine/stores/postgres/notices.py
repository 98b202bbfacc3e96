"""The notices of a PostgreSQL state as an outbox. Relays that claim at once pass over what another one is about to take."""

from collections.abc import Callable, Sequence
from typing import Any

from flow_lang.plan import Plan

from flow_engine.notices.contract import Notice, NotifyRule
from flow_engine.stores.notices import HELD, NoticeReads
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.transaction import Row, Transaction
from flow_engine.stores.queries import load


class PostgresNotices(NoticeReads):
    """On the connection of a store."""

    def __init__(self, session: Session, plan_of: Callable[[str, str], Plan]) -> None:
        super().__init__(plan_of)
        self._session = session
        self._queries = load("notices.sql", "postgres_notices.sql")

    def put_rule(self, rule: NotifyRule, now: float) -> bool:
        def job(transaction: Transaction) -> bool:
            known = transaction.ask((self._queries["known_rule"], (rule.namespace, rule.name)), writes=True)[0]
            values = (rule.namespace, rule.name, rule.workflow, rule.sink, now)
            transaction.tell(self._queries["keep_rule"], values)
            transaction.tell(self._queries["drop_rule_events"], (rule.namespace, rule.name))
            for event in rule.events:
                transaction.tell(self._queries["keep_rule_event"], (event, rule.namespace, rule.name))
            return not known

        return self._session.write("notices", job)

    def remove_rule(self, name: str, namespace: str = "default") -> bool:
        def job(transaction: Transaction) -> bool:
            known = transaction.ask((self._queries["known_rule"], (namespace, name)), writes=True)[0]
            for query in ("drop_rule_notices", "drop_rule_events", "drop_rule"):
                transaction.tell(self._queries[query], (namespace, name))
            return bool(known)

        return self._session.write("notices", job)

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Notice]:
        if not self.backlog().notices:
            return []  # so that a relay with nothing to do writes nothing
        claim = (self._queries["claim_notices"], (relay, limit, now, until))
        held = (f"{self._queries['notice_columns']} {HELD}", (relay, until))
        _, rows = self._session.write("notices", lambda transaction: transaction.ask(claim, held, writes=True))
        return [self._notice(row) for row in rows]

    def delivered(self, relay: str, numbers: Sequence[int]) -> int:
        return self._kept("delivered", (list(numbers), relay)) if numbers else 0

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        return self._kept("put_notice_off", (until, trouble, number, relay)) == 1

    def give_up(self, relay: str, number: int, trouble: str, now: float) -> bool:
        return self._kept("give_notice_up", (trouble, now, number, relay)) == 1

    def try_again(self, namespace: str = "default") -> int:
        return self._kept("try_notices_again", (namespace,))

    def _kept(self, query: str, values: Sequence[Any]) -> int:
        return len(self._session.write_one("notices", self._queries[query], values))

    def _rows(self, query: str, rest: str, values: Sequence[Any]) -> list[Row]:
        return self._session.rows(f"{self._queries[query]} {rest}", values)
