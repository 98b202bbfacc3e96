"""What the attempts of a task wrote."""

import os
from collections.abc import Iterator

from flow_engine.stores.contract import Store
from flow_runtime.executors.bounded_log import pieces
from flow_runtime.executors.work import log_name
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from flow_server.documents import find_task
from flow_server.paging import known, number
from flow_server.problem import Problem
from flow_server.services import services_of

WHOLE = 1 << 40


async def logs(request: Request) -> Response:
    """Plain text of one attempt, the latest where none is named; with `tail`, its last bytes. Empty where it wrote nothing."""
    services = services_of(request)
    known(request.query_params, ("attempt", "tail"))
    attempt = number(request.query_params, "attempt", 0, 1, 1_000_000)
    tail = number(request.query_params, "tail", 0, 1, 1 << 29) or WHOLE
    name, key = request.path_params["run"], request.path_params["task"]

    def job(store: Store) -> tuple[str, str]:
        record = store.run(name)
        row = find_task(store, record, key)
        if attempt > row.attempt:
            raise Problem(404, "unknown-attempt", f"task {key} of run {record.id} has had {row.attempt} attempts")
        return record.id, log_name(row.seq, attempt or row.attempt)

    run, file = await services.stores.run(job)
    path = await services.heavy(lambda: services.logs.path(run, file))  # it may be fetched from another host's storage
    return StreamingResponse(read(path, tail), media_type="text/plain; charset=utf-8")


def read(path: str, tail: int = WHOLE) -> Iterator[bytes]:
    """The file as it is now; what is written while it is sent is not waited for."""
    try:
        stream = open(path, "rb")  # noqa: SIM115  closed below
    except FileNotFoundError:
        return
    with stream:
        size = os.fstat(stream.fileno()).st_size
        yield from pieces(stream.fileno(), size - min(size, tail))
