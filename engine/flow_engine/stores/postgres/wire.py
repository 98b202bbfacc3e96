"""Statements to the server and back, once, through libpq's pipeline.

A cursor of the driver for each statement took longer than the server did (docs/performance.md). Each statement is prepared when it is
first sent, so that the server reads and plans it once.
"""

import select
from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from flow_engine.stores.postgres.literals import literals
from flow_engine.stores.postgres.transaction import Row, Statement
from flow_engine.stores.postgres.troubles import STALE, code_of

_MOST = 500
"""Statements that stay prepared. There are fewer, but for filters of lists in all their combinations."""
_READY = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Wire:
    """`connection` is in autocommit mode, and nobody else uses it meanwhile."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._transformer = Transformer(connection)
        self._names: dict[str, bytes] = {}
        self._count = 0

    def send(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """The rows of each. Outside of a transaction all of them are one. Raises psycopg.Error; after anything else that is raised while
        the server works (an interrupt) the connection is closed."""
        values = [literals(statement.values) for statement in statements]
        if len(self._names) > _MOST:
            self._names.clear()
            self._connection.execute(b"DEALLOCATE ALL")
        new: list[str] = []
        try:
            self._libpq.enter_pipeline_mode()
            wanted = self._hand_over(statements, values, new)
            results, error = self._collect()
            self._libpq.exit_pipeline_mode()
        except BaseException:
            self._connection.close()
            raise
        if error is not None:
            for sql in self._names.copy() if code_of(error) in STALE else new:
                del self._names[sql]
            raise error
        rows = [self._rows(result) for result, is_wanted in zip(results, wanted, strict=True) if is_wanted]
        self._transformer.set_pgresult(None)  # it may be large
        return rows

    def _hand_over(
        self, statements: Sequence[Statement], values: Sequence[list[bytes | None]], new: list[str]
    ) -> list[bool]:
        """For each result that will come, whether it is one of a statement; `new` gets what is prepared."""
        libpq, wanted = self._libpq, []
        for (sql, _), given in zip(statements, values, strict=True):
            name = self._names.get(sql)
            if name is None:
                self._count += 1
                name = self._names[sql] = b"flow%d" % self._count
                new.append(sql)
                libpq.send_prepare(name, sql.encode())
                wanted.append(False)
            libpq.send_query_prepared(name, given)
            wanted.append(True)
        libpq.pipeline_sync()
        return wanted

    def _collect(self) -> tuple[list[pq.abc.PGresult], psycopg.Error | None]:
        """All results up to the end of the pipeline, and the first error."""
        libpq, poll = self._libpq, select.poll()
        results: list[pq.abc.PGresult] = []
        error: psycopg.Error | None = None
        poll.register(libpq.socket, select.POLLIN | select.POLLOUT)
        while libpq.flush():  # the server may wait for us to read before it takes more
            if any(event & ~select.POLLOUT for _, event in poll.poll()):
                libpq.consume_input()
        poll.modify(libpq.socket, select.POLLIN)
        while True:
            while libpq.is_busy():
                poll.poll()
                libpq.consume_input()
            result = libpq.get_result()
            if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results, error
            if result is not None and result.status not in _READY and error is None:
                error = error_from_result(result, encoding="utf-8")
            if libpq.status != pq.ConnStatus.OK:
                raise error or psycopg.OperationalError("the server closed the connection")
            if result is not None:  # else it is the end of what one statement gave
                results.append(result)

    def _rows(self, result: pq.abc.PGresult) -> list[Row]:
        if not result.nfields:
            return []
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)
