"""The store of many machines: a PostgreSQL database, shared by any number of workers and servers."""

from flow_engine.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
