"""List, look at and cancel runs."""

import time
from typing import Any

from flow_engine import states
from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.submit import submit
from flow_server.documents import answer, json_bytes, run_summary, run_whole, tasks_page
from flow_server.paging import known, number, run_filter, runs_page
from flow_server.problem import Problem
from flow_server.services import services_of


async def collection(request: Request) -> Response:
    return await (submit if request.method == "POST" else runs)(request)


async def runs(request: Request) -> Response:
    filter_ = run_filter(request.query_params)

    def job(store: Store) -> bytes:
        records, following = runs_page(store, filter_)
        return json_bytes({"runs": [run_summary(store, record) for record in records], "next_cursor": following})

    return answer(await services_of(request).stores.run(job))


async def run(request: Request) -> Response:
    known(request.query_params, ())
    name = request.path_params["run"]
    return answer(await services_of(request).stores.run(lambda store: json_bytes(run_whole(store, store.run(name)))))


async def tasks(request: Request) -> Response:
    known(request.query_params, ("limit", "cursor"))
    limit = number(request.query_params, "limit", 1000, 1, 10_000)
    cursor = number(request.query_params, "cursor", 0, 0, 999_999_999)
    name = request.path_params["run"]
    return answer(
        await services_of(request).stores.run(
            lambda store: json_bytes(tasks_page(store, store.run(name), cursor, limit))
        )
    )


async def result(request: Request) -> Response:
    """The result of a run that has ended, or why it has none; 409 while it has not ended."""
    known(request.query_params, ())
    name = request.path_params["run"]
    document = await services_of(request).stores.run(lambda store: run_summary(store, store.run(name)))
    if document["finished_at"] is None:
        raise Problem(
            409,
            "not-ended",
            f"run {document['run']} is {document['state']} and has no result yet; ask again, or follow its events",
            {"Retry-After": "1"},
            state=document["state"],
        )
    return answer(json_bytes({key: document[key] for key in ("run", "state", "result", "error")}))


async def cancel(request: Request) -> Response:
    """202 with the run; its tasks end within seconds. A cancelled run is answered with 200, one that ended otherwise with 409."""
    name = request.path_params["run"]
    accepted, document = await services_of(request).stores.run(lambda store: cancelled(store, name))
    if not accepted and document["state"] != states.CANCELLED:
        raise Problem(
            409,
            "ended-already",
            f"run {document['run']} has {document['state']} already and cannot be cancelled",
            state=document["state"],
        )
    return answer(json_bytes(document), 202 if accepted else 200)


def cancelled(store: Store, name: str) -> tuple[bool, dict[str, Any]]:
    record = store.run(name)
    accepted = store.request_cancel(record.id, time.time())
    return accepted, run_summary(store, store.run(record.id))
