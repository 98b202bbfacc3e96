"""What the attempts of a task wrote, and what all of a run did."""

import os
from collections.abc import Iterator

from flow_engine.stores.contract import Store
from flow_runtime.executors.bounded_log import pieces
from flow_runtime.executors.work import log_name
from flow_runtime.run_logs import RunLogs, UnknownTask
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from flow_server.api.events import stream_answer
from flow_server.api.log_streams import Followed, place_in, run_stream, task_stream
from flow_server.api.openapi import STREAM
from flow_server.api.operation import API, Answer, operation
from flow_server.documents import find_task
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import Flag, Query, Whole

WHOLE = 1 << 40
STREAMS = 100
"""Streams of logs at once, since each of them looks by itself."""


class LogQuery(Query):
    follow: Flag = Field(0, description="1 for a stream that goes on until the task has ended, or 0")
    attempt: Whole | None = Field(None, ge=1, le=1_000_000, description="a whole number from 1 to 1,000,000")
    tail: Whole | None = Field(
        None, ge=1, le=1 << 29, description=f"a whole number from 1 to {1 << 29:,}: bytes of the end"
    )


class RunLogsQuery(Query):
    task: str | None = Field(None, description="the name of a task")
    attempt: Whole | None = Field(None, ge=1, le=1_000_000, description="a whole number from 1 to 1,000,000")
    follow: Flag = Field(0, description="1 to go on until the run has ended, or 0")


@operation(
    "getLog",
    "GET",
    API + "/runs/{run}/tasks/{task}/logs",
    "What an attempt of a task wrote",
    tag="tasks",
    answers={
        200: Answer(
            "The text, empty where it wrote nothing; with `follow`, server-sent events.", media=("text/plain", STREAM)
        )
    },
    problems=("unknown-task", "unknown-attempt", "storage-unavailable", "wrong-header", "too-many-streams"),
    headers={"Last-Event-ID": "with `follow`: the id of the last event that came, after which the stream goes on"},
)
async def logs(request: Request, query: LogQuery) -> Response:
    """Plain text of one attempt, the latest where none is named; with `tail`, its last bytes. With `follow=1` all attempts, or the one that is
    named, as events `piece` with `{"attempt", "text"}`, and `end` when the task has ended."""
    if query.follow:
        return await follow_task(request, query)
    services = services_of(request)
    attempt = query.attempt or 0
    name, key = request.path_params["run"], request.path_params["task"]

    def job(store: Store) -> tuple[str, str]:
        record = store.run(name)
        row = find_task(store, record, key)
        if attempt > row.attempt:
            raise Problem(404, "unknown-attempt", f"task {key} of run {record.id} has had {row.attempt} attempts")
        return record.id, log_name(row.seq, attempt or row.attempt)

    run, file = await services.stores.run(job)
    path = await services.heavy(lambda: services.logs.path(run, file))  # it may be fetched from another host's storage
    return StreamingResponse(read(path, query.tail or WHOLE), media_type="text/plain; charset=utf-8")


def read(path: str, tail: int = WHOLE) -> Iterator[bytes]:
    """The file as it is now; what is written while it is sent is not waited for."""
    try:
        stream = open(path, "rb")  # noqa: SIM115  closed below
    except FileNotFoundError:
        return
    with stream:
        size = os.fstat(stream.fileno()).st_size
        yield from pieces(stream.fileno(), size - min(size, tail))


@operation(
    "followLogs",
    "GET",
    API + "/runs/{run}/logs",
    "What all bodies of a run wrote, as a stream",
    tag="runs",
    answers={200: Answer("Server-sent events.", media=(STREAM,))},
    problems=("unknown-task", "too-many-streams", "storage-unavailable"),
)
async def run_logs(request: Request, query: RunLogsQuery) -> Response:
    """Events `piece` with `{"title", "text"}`, failed tasks first, and `end`; with `follow=1` they go on until the run has ended."""
    services = services_of(request)
    name = request.path_params["run"]

    def job(store: Store) -> tuple[str, RunLogs]:
        record = store.run(name)
        plan = store.plan(record.plan_hash, record.workflow)
        return record.id, RunLogs(services.logs, record.id, plan, query.task, query.attempt)

    try:
        run, found = await services.stores.run(job)
    except UnknownTask as error:
        raise Problem(404, "unknown-task", str(error)) from None
    return stream_answer(request, lambda: run_stream(services, run, found, bool(query.follow)), "log", STREAMS)


async def follow_task(request: Request, query: LogQuery) -> Response:
    services = services_of(request)
    if query.tail is not None:
        raise Problem(422, "wrong-query", "`tail` is of a log as it is now; leave it or `follow` out")
    name, key, place = request.path_params["run"], request.path_params["task"], place_in(request, query.attempt)

    def job(store: Store) -> Followed:
        record = store.run(name)
        return Followed(record.id, find_task(store, record, key).seq, query.attempt)

    followed = await services.stores.run(job)
    return stream_answer(request, lambda: task_stream(services, followed, place), "log", STREAMS)
