"""One connection to the server, and what becomes of a transaction when it is lost.

Whoever has sent a COMMIT and got no answer does not know whether it was kept. So each transaction leaves its number in a row of its handle
(`mark`), and whoever comes back reads it, and makes the number void in the same statement: what may still be under way cannot be kept
after that. Nothing is lost that was acknowledged, and nothing is done twice.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import RawCursor
from psycopg.pq import TransactionStatus

from flow_engine.backoff import Backoff
from flow_engine.crash_points import reached
from flow_engine.errors import LostOwnership, StoreError
from flow_engine.stores.postgres.schema import bring_up
from flow_engine.stores.postgres.transaction import Row, Statement, Transaction, numbered
from flow_engine.stores.postgres.troubles import WRONG_ROWS, code_of, is_collision, is_lost, trouble, unreachable
from flow_engine.stores.postgres.wire import Wire
from flow_engine.stores.shared import PATIENCE

COLLISIONS = 20
"""How often a transaction is tried that collides with others."""
_CONNECT = 30
"""Seconds that one attempt to connect may take."""
_SILENT = 30
"""Seconds of silence after which a server is asked whether it is there. After as many more it counts as lost."""
_RETRIES = Backoff(0.02, 1.0)
"""Between attempts to connect; each is shortened by chance."""
_COLLIDED = Backoff(0.005, 0.32)
"""At most so long until a transaction is tried again that has collided."""
_OLDEST_SERVER = 140000

T = TypeVar("T")


class Session:
    """Bound to one thread at a time. `trips` counts round trips, `commits` transactions that were kept, `collisions` those that were tried
    again because of another one."""

    def __init__(self, url: str, queries: dict[str, str], patience: float = PATIENCE) -> None:
        self.url = url
        self._queries = queries
        self._patience = patience
        self._handle = f"flow:{os.urandom(8).hex()}"
        self._number = 0
        self._transaction: Transaction | None = None
        self._steady = False
        self.trips = self.commits = self.collisions = 0
        try:
            self._open()
        except psycopg.Error as error:
            raise unreachable(url, error, 0.0) if is_lost(error) else trouble(url, "opened", error) from error
        except UnicodeError as error:
            raise trouble(url, "opened", error) from error

    def plan_once(self) -> None:
        """From now on the server plans each statement once. It estimates new what a statement of a tick costs each time, since it is told of
        another number of rows, and that takes longer than the statement."""
        if not self._steady:
            self._steady = True
            self.rows(self._queries["steady_plans"], ())

    def rows(self, sql: str, values: Sequence[Any]) -> list[Row]:
        """Inside of the transaction where there is one; else as soon as the server answers."""
        if self._transaction is not None:
            return self._transaction.ask((sql, values))[0]
        deadline = time.monotonic() + self._patience
        statement = Statement(numbered(sql), values)
        while True:
            try:
                return self._send([statement])[0]
            except psycopg.Error as error:
                if not self._is_lost(error):
                    raise trouble(self.url, "read", error) from error
                self._come_back(error, deadline)

    def write(self, name: str, job: Callable[[Transaction], T]) -> T:
        """What `job` gives, once it is kept. It is called again where the transaction has collided or the server has gone. `name` is one
        of `crash_points.TRANSACTIONS`. Raises StoreError, and then nothing was kept (or, as it says then, that is not known: the server
        has gone in the commit and stays away); LostOwnership where rows were not as expected."""
        deadline = time.monotonic() + self._patience
        for attempt in range(COLLISIONS):
            done = self._try(name, job, deadline, attempt)
            if done is not None:
                return done[0]
        raise StoreError(
            f"the state could not be written: {name} was given up after {COLLISIONS} collisions; try again"
        )

    def _try(self, name: str, job: Callable[[Transaction], T], deadline: float, attempt: int) -> tuple[T] | None:
        """What the job gave, once it is kept; None where it is to be tried again."""
        transaction = self._transaction = Transaction(self._send)
        self._number += 1
        done: tuple[T] | None = None
        try:
            result = job(transaction)
            reached(name + ".before_commit")
            done = (result,)
            transaction.commit(self._mark())
        except psycopg.Error as error:
            self._transaction = None
            if self._is_lost(error):
                if not self._found_kept(error, deadline, committing=done is not None):
                    return None
            else:
                self._roll_back()
                self._judge(error, attempt)
                self.collisions += 1
                time.sleep(random.random() * _COLLIDED.pause(attempt + 1))
                return None
        except BaseException:
            self._transaction = None
            self._roll_back()
            raise
        self._transaction = None
        self.commits += 1
        reached(name + ".after_commit")
        return done

    def _found_kept(self, error: psycopg.Error, deadline: float, committing: bool) -> bool:
        """Comes back, and looks whether the transaction was kept whose connection was lost."""
        try:
            self._come_back(error, deadline)
            return committing and self._was_kept(deadline)
        except StoreError as gone:
            if not committing:
                raise
            raise StoreError(f"{gone}. It is not known whether the last that was written was kept") from gone

    def write_one(self, name: str, sql: str, values: Sequence[Any]) -> list[Row]:
        """The answer of one statement that writes, once it is kept."""
        return self.write(name, lambda transaction: transaction.ask((sql, values), writes=True)[0])

    def close(self) -> None:
        """The mark goes with the handle."""
        try:
            if not self._connection.closed:
                self._send([Statement(numbered(self._queries["forget_mark"]), (self._handle,))])
        except psycopg.Error:
            return  # it goes by its age
        finally:
            self._connection.close()

    # -- the server

    def _send(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self.trips += 1
        return self._wire.send(statements)

    def _open(self) -> None:
        self._connection = self._connect()
        self._wire = Wire(self._connection)
        if self._steady:
            self._send([Statement(self._queries["steady_plans"])])

    def _connect(self) -> psycopg.Connection[Row]:
        connection = psycopg.connect(
            self.url,
            autocommit=True,
            cursor_factory=RawCursor,
            application_name=self._handle,
            connect_timeout=_CONNECT,
            keepalives_idle=_SILENT,
            keepalives_interval=_SILENT // 3,
            keepalives_count=3,
            tcp_user_timeout=2 * _SILENT * 1000,
            client_encoding="UTF8",
        )
        try:
            row = connection.execute(self._queries["set_up"].encode()).fetchone()
            assert row is not None
            self._refuse(*row[-2:])
            bring_up(connection, self.url, self._queries["schema_version"])
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse(self, version: int, encoding: str) -> None:
        if version < _OLDEST_SERVER:
            raise StoreError(
                f"the server has PostgreSQL {version // 10000}, and Flow needs {_OLDEST_SERVER // 10000} or later"
            )
        if encoding != "UTF8":
            raise StoreError(
                f"the database keeps texts in {encoding}: make one with `createdb --encoding UTF8 --template template0 NAME`"
            )

    def _is_lost(self, error: psycopg.Error) -> bool:
        return is_lost(error) or self._connection.closed

    def _come_back(self, error: psycopg.Error, deadline: float) -> None:
        """Another connection, and the end of what is left of the former one. Raises StoreError when it is too late."""
        self._connection.close()
        failures = 0
        while True:
            if time.monotonic() >= deadline:
                raise unreachable(self.url, error, self._patience) from error
            failures += 1
            time.sleep(_RETRIES.pause(failures) * (0.5 + random.random() / 2))
            try:
                self._open()
                self._send([Statement(numbered(self._queries["end_former"]), (self._handle,))])
            except psycopg.Error as again:
                if not is_lost(again):
                    raise trouble(self.url, "opened", again) from again
                error = again
            else:
                return

    def _mark(self) -> Statement:
        return Statement(numbered(self._queries["mark"]), (self._handle, self._number))

    def _was_kept(self, deadline: float) -> bool:
        """Whether the transaction was committed whose answer was lost; if not, it never will be."""
        number, self._number = self._number, self._number + 1
        while True:
            try:
                burned = self._send([Statement(numbered(self._queries["burn"]), (self._number, self._handle))])
            except psycopg.Error as error:
                if not self._is_lost(error):
                    raise trouble(self.url, "read", error) from error
                self._come_back(error, deadline)
            else:
                return bool(burned[0][0][0] == number)

    def _roll_back(self) -> None:
        """Where that fails too, the connection is of no more use, and the next who needs it makes another."""
        try:
            if not self._connection.closed and self._connection.info.transaction_status != TransactionStatus.IDLE:
                self._connection.execute(b"ROLLBACK")
        except psycopg.Error:
            self._connection.close()

    def _judge(self, error: psycopg.Error, attempt: int) -> None:
        """Raises what another attempt would not mend."""
        if code_of(error) == WRONG_ROWS:
            raise LostOwnership(
                f"what this worker was about to change was changed by another ({error.diag.message_primary})"
            )
        if not is_collision(error) or attempt == COLLISIONS - 1:
            raise trouble(self.url, "written", error) from error
