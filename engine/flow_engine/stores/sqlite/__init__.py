"""The store of one machine: one SQLite file in WAL mode, synchronous = FULL, shared by any number of `flow` processes."""

from flow_engine.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
