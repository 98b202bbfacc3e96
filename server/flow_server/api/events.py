"""The events of a run as a stream (server-sent events), which goes on where a lost connection ended."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from flow_server.api.openapi import STREAM
from flow_server.api.operation import API, Answer, operation
from flow_server.documents import json_bytes
from flow_server.event_frames import ENDED, Batch, Frames
from flow_server.problem import Problem
from flow_server.services import Services, services_of

LOOK = 0.25
"""Seconds between two looks at logs that grow."""
HEARTBEAT = 15.0
"""Seconds after which a silent stream sends a comment, so that what is in between keeps the connection open."""
STREAMS = 2_000
"""Streams of one server at once."""


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
    return await follow_run(request, 0)


async def follow_run(request: Request, after: int) -> Response:
    """After the event `after`, unless the request names another one."""
    services = services_of(request)
    last = request.headers.get("last-event-id", str(after))
    if not (last.isascii() and last.isdecimal() and len(last) < 19):
        raise Problem(422, "wrong-header", "Last-Event-ID must be the id of an event of this stream")
    name = request.path_params["run"]
    record = await services.stores.run(lambda store: store.run(name))
    return stream_answer(request, lambda: _stream(services, record.id, int(last)))


def stream_answer(
    request: Request, content: Callable[[], AsyncIterator[bytes]], kind: str = "event", most: int = STREAMS
) -> Response:
    """Raises Problem where there are too many already: those count that go on, so it is asked last."""
    services = services_of(request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(None, 200, headers, STREAM)
    if services.streams[kind] >= most:
        raise Problem(503, "too-many-streams", f"there are {most:,} {kind} streams already", {"Retry-After": "5"})
    return _Counted(services, kind, content(), headers)


class _Counted(StreamingResponse):
    """Counts from the moment in which it is given back until its end, also where the client leaves before the first event."""

    def __init__(self, services: Services, kind: str, content: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(content, 200, headers, STREAM)
        self._services, self._kind = services, kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._services.streams[self._kind] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._services.streams[self._kind] -= 1


async def _stream(services: Services, run: str, last: int) -> AsyncIterator[bytes]:
    """What is there already it reads by itself; from then on with all others that watch."""
    frames = Frames(run)
    yield b"retry: 1000\n\n"
    while not services.closing:
        state, batch = await services.stores.run(partial(_news, frames=frames, last=last))
        for frame in batch.frames:
            yield frame.data
        last = batch.frames[-1].id if batch.frames else last
        if batch.frames:
            continue
        if state in ENDED:
            yield b"event: end\ndata: " + json_bytes({"run": run, "state": state}) + b"\n\n"
            return
        async with aclosing(_live(services, run, last)) as live:
            async for id_, data in live:
                yield data
                last = id_ or last


async def _live(services: Services, run: str, last: int) -> AsyncGenerator[tuple[int, bytes], None]:
    """With the id of each event, or 0 for a comment; to the end of the run, or until it is to be read from the state again."""
    watch = services.hub.join(run, last)
    try:
        while watch is not None:
            try:
                batch = await watch.get(HEARTBEAT)
            except TimeoutError:
                yield 0, b": still here\n\n"
                continue
            for frame in batch.frames if batch is not None else ():
                if frame.id > last:
                    yield frame
            if batch is None or batch.over:
                return
    finally:
        if watch is not None:
            services.hub.leave(run, watch)


def _news(store: Store, frames: Frames, last: int) -> tuple[str, Batch]:
    """The record is read first: an ended run has no event that is not there yet."""
    state = store.run(frames.run).state
    return state, frames.batch(store, store.events(frames.run, last))
