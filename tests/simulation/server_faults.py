"""What becomes of connections to PostgreSQL: lost before a request arrives, lost before its answer does, and transactions that collide."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from flow_engine.model import Tick
from flow_engine.stores.contract import Store
from flow_engine.stores.postgres import PostgresStore
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.transaction import Row, Send, Statement, numbered

COMMITS, OTHERS = 0.04, 0.004
"""How often a request fails that has a COMMIT, and another one."""
TRIED = "ticks decided"
FAULTS = ("collisions", "answers lost", "connections lost", TRIED)
"""What its counts begin with."""
FULL = psycopg.errors.DiskFull("no space left on device")


class ServerFaults:
    """Of all handles that are given to `beset`. `meanwhile` is called with the handle while its connection is lost and nothing of its
    transaction is kept. The random source is its own, so that a store that heals is seen to do what one does that had no faults."""

    def __init__(
        self, draw: random.Random, count: Callable[[str], object], meanwhile: Callable[[Store], object]
    ) -> None:
        self._draw, self._count, self._meanwhile = draw, count, meanwhile
        self.calm = False
        self._full = False

    def beset(self, store: Store) -> None:
        if isinstance(store, PostgresStore):
            session, send = store._session, store._session._send
            beset: Send = lambda statements: self._send(store, session, send, statements)  # noqa: E731
            session._send = beset  # type: ignore[method-assign]
            self._count_tries(store)

    def _count_tries(self, store: PostgresStore) -> None:
        """A tick that the server refuses, since a run was another's, is decided once more."""
        ticked = store._ticked

        def counted(*given: Any) -> Tick:
            self._count(TRIED)
            return ticked(*given)

        store._ticked = counted  # type: ignore[method-assign]

    @contextmanager
    def full_disk(self, store: PostgresStore) -> Iterator[None]:
        """The commit of whatever is done with this handle is refused, also where nothing would be sent."""
        session, mark = store._session, store._session._mark

        def marked() -> Statement:
            transaction = session._transaction
            if transaction is not None and not (transaction.began or transaction._waiting):
                raise FULL
            return mark()

        session._mark = marked  # type: ignore[method-assign]
        self._full = True
        try:
            yield
        finally:
            self._full = False
            del session._mark

    def takes_disk(self) -> bool:
        return self._draw.random() < 0.5

    def _send(self, store: Store, session: Session, send: Send, statements: Sequence[Statement]) -> list[list[Row]]:
        commits = statements[-1].sql in (
            "COMMIT",
            numbered(session._queries["mark"]),
        )  # the mark is the last of what is one
        if commits and self._full:
            raise FULL
        if self.calm or self._draw.random() >= (COMMITS if commits else OTHERS):
            return send(statements)
        where = "at a commit" if commits else "elsewhere"
        chance = self._draw.random()
        if chance < 0.2 and session._transaction is not None:
            self._count(f"collisions {where}")
            raise psycopg.errors.SerializationFailure("could not serialize access")
        if chance < 0.6:
            send(statements)
            self._count(f"answers lost {where}")
        else:
            self._count(f"connections lost {where}")
        session._connection.close()
        if not (commits and chance < 0.6):
            self._pass(store)
        raise psycopg.OperationalError("the connection was lost")

    def _pass(self, store: Store) -> None:
        self.calm = True
        try:
            self._meanwhile(store)
        finally:
            self.calm = False
