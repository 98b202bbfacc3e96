"""The notices of a PostgreSQL state as an outbox. Relays that claim at once pass over what another one is about to take."""

from collections.abc import Callable

from flow_lang.plan import Plan

from flow_engine.stores.notices import FILE, SqlNotices
from flow_engine.stores.postgres.session import Session
from flow_engine.stores.postgres.tables import PostgresTables


class PostgresNotices(PostgresTables, SqlNotices):
    """On the connection of the store."""

    def __init__(self, session: Session, plan_of: Callable[[str, str], Plan]) -> None:
        super().__init__(session, "notices", FILE, "postgres_notices.sql")
        self._plan_of = plan_of
