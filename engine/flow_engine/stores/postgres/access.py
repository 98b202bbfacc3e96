"""Tokens, sessions and the audit log of a PostgreSQL state."""

from flow_engine.stores.access import FILE, SqlAccess
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.tables import PostgresTables


class PostgresAccess(PostgresTables, SqlAccess):
    """On the connection of a store."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, "access", FILE)
