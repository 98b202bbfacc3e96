"""The events of all runs that somebody watches, read together: however many watch, the state is asked once in a while, and each event is
made ready once.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from flow_engine.stores.contract import Store

from flow_server.event_frames import Batch, Frames
from flow_server.store_threads import StoreThreads

LOOK = 0.25
"""Seconds between two looks."""
WAITING = 256
"""Batches that may wait for one client; one that is slower reads on by itself."""
_log = logging.getLogger("flow.server")


class Watch:
    """One client's: batches, and None where it is to read on by itself."""

    def __init__(self) -> None:
        self._batches: asyncio.Queue[Batch | None] = asyncio.Queue()

    async def get(self, patience: float) -> Batch | None:
        """Raises TimeoutError where none came for so many seconds."""
        async with asyncio.timeout(patience):
            return await self._batches.get()

    def put(self, batch: Batch | None) -> bool:
        """False where that was the last that it gets."""
        kept = batch if self._batches.qsize() < WAITING else None
        self._batches.put_nowait(kept)
        return kept is not None


class _Watched:
    """A run, up to which event it was read, and who watches it."""

    def __init__(self, run: str, last: int) -> None:
        self.last = last
        self.frames = Frames(run)
        self.watches: set[Watch] = set()

    def give(self, batch: Batch | None) -> None:
        if batch is not None:
            self.last = batch.frames[-1].id
        self.watches = {watch for watch in self.watches if watch.put(batch)}


class EventHub:
    """Belongs to one event loop. `closing` tells that the server is about to end."""

    def __init__(self, stores: StoreThreads, closing: Callable[[], bool]) -> None:
        self._stores, self._closing = stores, closing
        self._runs: dict[str, _Watched] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self, run: str, last: int) -> Watch | None:
        """For who has all events up to `last`; it may get some of them again. None where later ones were given to others already: they are
        to be read first."""
        watched = self._runs.setdefault(run, _Watched(run, last))
        if watched.last > last:
            return None
        watch = Watch()
        watched.watches.add(watch)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        return watch

    def leave(self, run: str, watch: Watch) -> None:
        watched = self._runs.get(run)
        if watched is not None:
            watched.watches.discard(watch)

    async def _look(self) -> None:
        while self._runs and not self._closing():
            await asyncio.sleep(LOOK)
            self._runs = {run: watched for run, watched in self._runs.items() if watched.watches}
            asked = dict(self._runs)
            try:
                found = await self._stores.run(lambda store: _read(store, asked))  # noqa: B023  it is waited for
            except Exception as error:  # noqa: BLE001  each client asks by itself, and tells what is wrong with its run
                _log.warning("the events of %d runs could not be read together: %s", len(asked), error)
                found = dict.fromkeys(asked)
            for run, batch in found.items():
                asked[run].give(batch)
        for watched in self._runs.values():
            watched.give(None)


def _read(store: Store, runs: Mapping[str, _Watched]) -> dict[str, Batch | None]:
    events = store.events_of({run: watched.last for run, watched in runs.items()})
    return {run: runs[run].frames.batch(store, found) for run, found in events.items()}
