"""Streams of logs: what all bodies of a run write, and what the attempts of one task do."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_runtime.run_logs import Piece, RunLogs
from flow_runtime.task_log import Place, TaskLog, place_of
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from flow_server.api.events import HEARTBEAT, LOOK
from flow_server.documents import json_bytes
from flow_server.problem import Problem
from flow_server.services import Services

_BATCH = 16
"""Pieces that one thread reads together: about a megabyte."""


async def run_stream(services: Services, run: str, found: RunLogs, follow: bool) -> AsyncIterator[bytes]:
    spoke = time.monotonic()
    while not services.closing:
        record, rows = await services.stores.run(lambda store: _rows(store, run))
        pieces = found.new(rows, record.finished_at is not None)
        grown = False
        while batch := await run_in_threadpool(_frames, pieces):
            grown, spoke = True, time.monotonic()
            yield batch
        if not follow or (record.finished_at is not None and not grown):
            yield b"event: end\ndata: " + json_bytes({"run": run, "state": record.state}) + b"\n\n"
            return
        if time.monotonic() - spoke > HEARTBEAT:
            spoke = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(LOOK)


def _rows(store: Store, run: str) -> tuple[RunRecord, list[TaskRecord]]:
    """The record first: an ended run writes nothing that is not there yet."""
    return store.run(run), store.tasks(run)


def _frames(pieces: Iterator[Piece]) -> bytes:
    return b"".join(
        b"event: piece\ndata: " + json_bytes(piece._asdict()) + b"\n\n" for piece in itertools.islice(pieces, _BATCH)
    )


class Followed(NamedTuple):
    """The row `seq` of a run, all of its attempts or one."""

    run: str
    seq: int
    only: int | None


def place_in(request: Request, only: int | None) -> Place:
    """Raises Problem."""
    text = request.headers.get("last-event-id")
    place = Place(only or 1) if text is None else place_of(text)
    if place is None:
        raise Problem(422, "wrong-header", "Last-Event-ID must be the id of an event of this stream")
    return place


async def task_stream(services: Services, followed: Followed, place: Place) -> AsyncIterator[bytes]:
    log = TaskLog(services.logs, followed.run, followed.seq, place)
    yield b"retry: 1000\n\n"
    spoke = time.monotonic()
    while not services.closing:
        record, rows = await services.stores.run(lambda store: _rows(store, followed.run))
        row = next((row for row in rows if row.seq == followed.seq), None)
        if row is None:  # an instance of a list that another attempt has replaced
            return
        last = followed.only or row.attempt
        over = record.finished_at is not None or row.state in states.FINAL or row.attempt > last
        texts = log.new(last, over)
        while batch := await run_in_threadpool(_texts, log, texts):
            spoke = time.monotonic()
            yield batch
        if over:
            yield b"event: end\ndata: " + json_bytes({"run": followed.run, "state": row.state}) + b"\n\n"
            return
        if time.monotonic() - spoke > HEARTBEAT:
            spoke = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(LOOK)


def _texts(log: TaskLog, texts: Iterator[str]) -> bytes:
    text = next(texts, None)
    if text is None:
        return b""
    data = json_bytes({"attempt": log.place.attempt, "text": text})
    return b"id: %s\nevent: piece\ndata: %s\n\n" % (str(log.place).encode(), data)
