"""The servers of distributed peers: Valkey and PostgreSQL as Flow embeds them, on free ports of the loopback address."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, LiteralString

import psycopg
import redis
from flow_runtime.services.postgres import EmbeddedPostgres
from flow_runtime.services.valkey import EmbeddedValkey
from psycopg import sql


class PeerServers:
    """`with PeerServers() as servers`: they run meanwhile, and nothing of them is left after it."""

    def __enter__(self) -> "PeerServers":
        self._numbers = itertools.count()
        with ExitStack() as stack:
            folder = tempfile.mkdtemp(prefix="flow-peers-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self._postgres, self._valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
            stack.callback(shutil.rmtree, self._postgres.folder, ignore_errors=True)
            self._postgres.start()
            stack.callback(self._postgres.stop)
            self._valkey.start()
            stack.callback(self._valkey.stop)
            self._redis: Any = stack.enter_context(redis.Redis.from_url(self._valkey.url))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def fresh(self) -> Iterator[Mapping[str, str]]:
        """An empty queue and an empty database for one measurement; their addresses as variables of the environment."""
        name = f"peer{next(self._numbers)}"
        self._redis.flushall()
        self._administer("CREATE DATABASE {}", name)
        try:
            database = self._postgres.url.removesuffix("postgres") + name
            yield {"PEER_REDIS": self._valkey.url, "PEER_POSTGRES": database}
        finally:
            self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def _administer(self, statement: LiteralString, database: str) -> None:
        with psycopg.connect(self._postgres.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(database)))
