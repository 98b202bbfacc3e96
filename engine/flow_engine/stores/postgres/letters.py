"""The dead letters of a PostgreSQL state as an outbox. Relays that claim at once pass over what another one is about to take."""

from collections.abc import Sequence
from typing import Any

from flow_engine.dead_letters.contract import Backlog, Letter
from flow_engine.stores.letters import HELD, LetterReads, PlanOf, letter_of, parts_of
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.transaction import Row


class PostgresLetters(LetterReads):
    """On the connection of a store. `queries` are the store's."""

    def __init__(self, session: Session, queries: dict[str, str], plan_of: PlanOf) -> None:
        self._session = session
        super().__init__(plan_of)
        self._queries = queries

    def drop(self, id_: str, now: float) -> bool:
        self.letter(id_)
        return len(self._session.write_one("letters", self._queries["drop_letter"], (now, *parts_of(id_)))) == 1

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Letter]:
        if not self.backlog().letters:
            return []  # so that a relay with nothing to do writes nothing
        claim = (self._queries["claim_letters"], (relay, limit, now, until))
        held = (f"{self._queries['letter_columns']} {HELD}", (relay, until))
        _, rows = self._session.write("letters", lambda transaction: transaction.ask(claim, held, writes=True))
        return [letter_of(row, self._plan_of) for row in rows]

    def exported(self, relay: str, numbers: Sequence[int], now: float) -> int:
        if not numbers:
            return 0
        return len(self._session.write_one("letters", self._queries["exported"], (now, list(numbers), relay)))

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        values = (until, trouble, number, relay)
        return len(self._session.write_one("letters", self._queries["put_off"], values)) == 1

    def backlog(self) -> Backlog:
        return Backlog(*self._session.rows(self._queries["backlog"], ())[0])

    def _rows(self, query: str, rest: str, values: Sequence[Any]) -> list[Row]:
        return self._session.rows(f"{self._queries[query]} {rest}", values)
