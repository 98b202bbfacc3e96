"""The events of a run as a stream (server-sent events), which goes on where a lost connection ended."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, NamedTuple

from flow_engine.model import Event, RunRecord
from flow_engine.stores.contract import Store
from flow_runtime.document import key_of, moment
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from flow_server.api.openapi import STREAM
from flow_server.api.operation import API, Answer, operation
from flow_server.documents import json_bytes
from flow_server.problem import Problem
from flow_server.services import Services, services_of

LOOK = 0.25
"""Seconds between two looks at the event table."""
HEARTBEAT = 15.0
"""Seconds after which a silent stream sends a comment, so that what is in between keeps the connection open."""
STREAMS = 100
"""Streams at once, since each of them looks."""


class _News(NamedTuple):
    record: RunRecord
    frames: list[bytes]
    last: int


@operation(
    "followRun",
    "GET",
    API + "/runs/{run}/events",
    "What happens in a run, as a stream",
    tag="runs",
    answers={200: Answer("Server-sent events.", media=(STREAM,))},
    problems=("wrong-header", "too-many-streams"),
    headers={"Last-Event-ID": "the id of the last event that came: the stream goes on after it"},
)
async def events(request: Request) -> Response:
    """`change` events, `{"at", "changes": [{"task" or "run", "state", "attempt"}]}`, and `end` with the run's state at last."""
    services = services_of(request)
    last = request.headers.get("last-event-id", "0")
    if not (last.isascii() and last.isdecimal() and len(last) < 19):
        raise Problem(422, "wrong-header", "Last-Event-ID must be the id of an event of this stream")
    name = request.path_params["run"]
    record = await services.stores.run(lambda store: store.run(name))
    return stream_answer(request, lambda: _stream(services, record.id, int(last)))


def stream_answer(request: Request, content: Callable[[], AsyncIterator[bytes]]) -> Response:
    """Raises Problem where there are too many already: those count that go on, so it is asked last."""
    services = services_of(request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(None, 200, headers, STREAM)
    if services.streams >= STREAMS:
        raise Problem(503, "too-many-streams", f"there are {STREAMS} event streams already", {"Retry-After": "5"})
    return _Counted(services, content(), headers)


class _Counted(StreamingResponse):
    """Counts from the moment in which it is given back until its end, also where the client leaves before the first event."""

    def __init__(self, services: Services, content: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(content, 200, headers, STREAM)
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._services.streams += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._services.streams -= 1


async def _stream(services: Services, run: str, last: int) -> AsyncIterator[bytes]:
    keys = _Keys(run)
    yield b"retry: 1000\n\n"
    spoke = time.monotonic()
    while not services.closing:
        record, frames, last = await services.stores.run(partial(_news, run=run, last=last, keys=keys))
        for frame in frames:
            yield frame
            spoke = time.monotonic()
        if record.finished_at is not None and not frames:
            yield b"event: end\ndata: " + json_bytes({"run": run, "state": record.state}) + b"\n\n"
            return
        if time.monotonic() - spoke > HEARTBEAT:
            yield b": still here\n\n"
            spoke = time.monotonic()
        if not frames:
            await asyncio.sleep(LOOK)


def _news(store: Store, run: str, last: int, keys: "_Keys") -> _News:
    """The record is read first: an ended run has no event that is not there yet."""
    record = store.run(run)
    found = store.events(run, last)
    frames = [_frame(event, store, record, keys) for event in found]
    return _News(record, frames, found[-1].id if found else last)


def _frame(event: Event, store: Store, record: RunRecord, keys: "_Keys") -> bytes:
    changes = [_change(change, store, record, keys) for change in event.changes]
    data = json_bytes({"at": moment(event.at), "changes": changes})
    return b"id: %d\nevent: change\ndata: %s\n\n" % (event.id, data)


def _change(change: list[Any], store: Store, record: RunRecord, keys: "_Keys") -> dict[str, Any]:
    if change[0] == "run":
        return {"run": record.id, "state": change[1]}
    return {"task": keys.of(change[0], store, record), "state": change[1], "attempt": change[2]}


class _Keys:
    """The keys of a run's tasks by row. Instances are read when one is met that is not known."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._known: dict[int, str] = {}

    def of(self, row: int, store: Store, record: RunRecord) -> str:
        plan = store.plan(record.plan_hash, record.workflow)
        if row < len(plan.workflow.tasks):
            return plan.workflow.tasks[row].name
        if row not in self._known:
            self._known = {task.seq: key_of(plan, task) for task in store.tasks(self._run)}
        return self._known[row]
