"""What is submitted while one transaction is under way goes into the next one, together: many clients cost little more than one."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from flow_engine.errors import FlowError, StoreError, UnfitData
from flow_engine.model import NewRun
from flow_engine.stores.contract import Store, Submitted
from flow_runtime.state_folder import StateFolder

from flow_server.documents import begun_document, json_bytes, run_whole
from flow_server.problem import Problem
from flow_server.store_threads import StoreThreads
from flow_server.submission import Prepared, keep

MOST = 100
"""Runs of one transaction."""


class Kept(NamedTuple):
    """`document` is the JSON of the run."""

    submitted: Submitted
    document: bytes


class _Waiting(NamedTuple):
    """`limited` gives the store as whoever submits may use it; `space` says whose may be submitted together."""

    space: str
    limited: Callable[[Store], Store]
    prepare: Callable[[], Prepared]
    kept: asyncio.Future[Kept]


_New = tuple[Submitted, NewRun]


class Submissions:
    def __init__(self, threads: StoreThreads, state: StateFolder) -> None:
        self._threads, self._state = threads, state
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, space: str, limited: Callable[[Store], Store], prepare: Callable[[], Prepared]) -> Kept:
        """Returns once the run is kept. `prepare` is called in a thread of the store. Raises what it raises, IdempotencyConflict and
        StoreError."""
        kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(space, limited, prepare, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await asyncio.shield(kept)

    async def _write(self) -> None:
        while self._waiting:
            space = self._waiting[0].space
            batch = [one for one in self._waiting if one.space == space][:MOST]
            self._waiting = [one for one in self._waiting if one not in batch]
            try:
                ends: Sequence[Kept | Exception] = await self._threads.run(partial(self._keep, batch=batch))
            except Exception as error:  # noqa: BLE001  told to each
                ends = [error] * len(batch)
            for one, end in zip(batch, ends, strict=True):
                if one.kept.done():  # who waited for it has gone
                    continue
                if isinstance(end, Exception):
                    one.kept.set_exception(end)
                else:
                    one.kept.set_result(end)

    def _keep(self, store: Store, batch: Sequence[_Waiting]) -> list[Kept | Exception]:
        limited = batch[0].limited(store)
        ready = [_prepared(one) for one in batch]
        sound = [one for one in ready if not isinstance(one, Exception)]
        ends = iter(
            [one if isinstance(one, Exception) else _document(limited, *one) for one in self._told(limited, sound)]
        )
        return [one if isinstance(one, Exception) else next(ends) for one in ready]

    def _told(self, store: Store, ready: Sequence[Prepared]) -> Sequence[_New | Exception]:
        """All together; where one of them is refused, each for itself. Raises StoreError where the state is away."""
        if not ready:
            return []
        try:
            return keep(store, self._state, ready)
        except (FlowError, Problem) as error:
            if isinstance(error, StoreError) and not isinstance(error, UnfitData):
                raise
        return [self._alone(store, one) for one in ready]

    def _alone(self, store: Store, ready: Prepared) -> _New | Exception:
        try:
            return keep(store, self._state, [ready])[0]
        except (FlowError, Problem) as error:
            return error


def _prepared(one: _Waiting) -> Prepared | Exception:
    try:
        return one.prepare()
    except Exception as error:  # noqa: BLE001  told to who submits it
        return error


def _document(store: Store, told: Submitted, new: NewRun) -> Kept | Exception:
    """It is kept by now, whatever becomes of its document."""
    try:
        return Kept(
            told, json_bytes(begun_document(store, new) if told.created else run_whole(store, store.run(told.run)))
        )
    except Exception as error:  # noqa: BLE001  told to who submits it, and to nobody else
        return error
