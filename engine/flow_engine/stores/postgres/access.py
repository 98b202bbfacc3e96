"""Tokens, sessions and the audit log of a PostgreSQL state."""

from flow_engine.stores.access import SqlAccess, Values
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.transaction import Row


class PostgresAccess(SqlAccess):
    """On the connection of a store."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def _rows(self, query: str, rest: str, values: Values) -> list[Row]:
        return self._session.rows(f"{self._queries[query]} {rest}", values)

    def _write(self, *statements: tuple[str, Values]) -> list[Row]:
        asked = [(self._queries[query], values) for query, values in statements]
        return self._session.write("access", lambda transaction: transaction.ask(*asked, writes=True))[-1]
