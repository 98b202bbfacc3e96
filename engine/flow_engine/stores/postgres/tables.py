"""Tables of a PostgreSQL state."""

from flow_engine.stores.postgres.session import Session
from flow_engine.stores.tables import Rows, Tables, Values


class PostgresTables(Tables):
    """On the connection of a store. `name` is one of `crash_points.TRANSACTIONS`."""

    def __init__(self, session: Session, name: str, *files: str) -> None:
        super().__init__(*files)
        self._session, self._name = session, name

    def _rows(self, query: str, rest: str, values: Values) -> Rows:
        return self._session.rows(f"{self._queries[query]} {rest}", values)

    def _write(self, *statements: tuple[str, Values]) -> list[Rows]:
        asked = [(self._queries[query], values) for query, values in statements]
        return self._session.write(self._name, lambda transaction: transaction.ask(*asked, writes=True))
