"""The store that forgets, for tests and for trying things out."""

from flow_engine.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
