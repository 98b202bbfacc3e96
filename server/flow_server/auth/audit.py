"""The audit log: who changed what, and who was refused. An entry is durable before its request is answered; many share a transaction."""

import asyncio
import logging
import time
from functools import partial

from flow_engine.access import AuditEntry
from flow_engine.errors import FlowError
from flow_engine.stores.contract import Store

from flow_server.store_threads import StoreThreads

PRUNED = 3600.0
"""Seconds between two removals of what is too old."""
_log = logging.getLogger("flow.server")


class AuditLog:
    """`keep` is how many seconds an entry is kept."""

    def __init__(self, stores: StoreThreads, keep: float) -> None:
        self._stores, self.keep = stores, keep
        self._waiting: list[tuple[AuditEntry, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._pruned = 0.0

    async def note(self, entry: AuditEntry) -> None:
        """Returns once it is kept. Where it cannot be, that is an error in the server's log, and the request goes on: it has been done."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await asyncio.shield(kept)

    async def _write(self) -> None:
        """Whatever comes while one transaction is under way shares the next."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            entries = [entry for entry, _ in batch]
            try:
                await self._stores.run(partial(self._keep_all, entries=entries))
            except FlowError as error:
                for entry in entries:
                    _log.error("not in the audit log (%s): %s %s %s", error, entry.subject, entry.action, entry.target)
            finally:
                for _, kept in batch:
                    if not kept.done():
                        kept.set_result(None)

    def _keep_all(self, store: Store, entries: list[AuditEntry]) -> None:
        store.access.note(entries)
        now = time.time()
        if now - self._pruned >= PRUNED:
            self._pruned = now
            store.access.prune(now - self.keep, now)
