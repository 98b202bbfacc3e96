"""What a shared queue is made again from."""

from collections.abc import Callable, Collection

from flow_engine.model import Hint, TaskRef
from flow_engine.queues.runs import run_hint
from flow_engine.stores.postgres.session import Session


class PostgresSource:
    """Hints of runs that nobody works on, and of those that have tasks which their owners have not taken yet. `living` tells which of some
    workers live."""

    def __init__(
        self,
        session: Session,
        queries: dict[str, str],
        owners: Callable[[], set[str]],
        living: Callable[[Collection[str]], set[str]],
    ) -> None:
        self._session = session
        self._queries = queries
        self._owners = owners
        self._living = living

    def queue_epoch(self) -> str:
        return str(self._session.rows(self._queries["queue_epoch"], ())[0][0])

    def ready_hints(
        self, limit: int, after: TaskRef | None = None, before: float | None = None
    ) -> list[tuple[str, Hint]]:
        """A run is due when it is there, whatever `before` says."""
        owners = self._owners()
        dead = sorted(owners - self._living(owners))
        if after is None:
            rows = self._session.rows(self._queries["waiting_runs_by_rank"], (dead, limit))
        else:
            rows = self._session.rows(self._queries["waiting_runs"], (after.run, dead, limit))
        return [(namespace, run_hint(run, at, priority)) for namespace, run, at, priority in rows]
