"""A run as the engine has it: its rows and its plan, from which the command shows a run of a server as it shows one of its own state."""

from typing import Any

from flow_engine.stores.contract import Store
from flow_runtime.document import task_document
from flow_runtime.labels import LabelWaits
from flow_runtime.row_documents import record_document, row_document
from flow_runtime.why import UnknownTask, why_document
from starlette.requests import Request
from starlette.responses import Response

from flow_server.documents import answer, find_task, json_bytes
from flow_server.paging import known, number
from flow_server.problem import Problem
from flow_server.services import services_of


async def rows(request: Request) -> Response:
    """A page of rows in the order of `seq`, with the run's record; elements and results are in them with `values=1`."""
    known(request.query_params, ("limit", "cursor", "values"))
    limit = number(request.query_params, "limit", 1000, 1, 10_000)
    cursor = number(request.query_params, "cursor", 0, 0, 999_999_999)
    values = bool(number(request.query_params, "values", 0, 0, 1))
    name = request.path_params["run"]

    def job(store: Store) -> bytes:
        record = store.run(name)
        found = store.tasks(record.id, values=values)
        return json_bytes(
            {
                "record": record_document(record),
                "rows": [row_document(row) for row in found[cursor : cursor + limit]],
                "next_cursor": cursor + limit if cursor + limit < len(found) else None,
            }
        )

    return answer(await services_of(request).stores.run(job))


async def plan(request: Request) -> Response:
    """The plan that the run is of: `workflow` is the one of it, and `plan` all that it was submitted with."""
    known(request.query_params, ())
    name = request.path_params["run"]

    def job(store: Store) -> bytes:
        record = store.run(name)
        head = json_bytes({"run": record.id, "plan_hash": record.plan_hash, "workflow": record.workflow})
        return head[:-1] + b',"plan":' + store.bundle(record.plan_hash).encode() + b"}"

    return answer(await services_of(request).stores.run(job))


async def task(request: Request) -> Response:
    known(request.query_params, ())
    name, key = request.path_params["run"], request.path_params["task"]

    def job(store: Store) -> dict[str, Any]:
        record = store.run(name)
        plan, row = store.plan(record.plan_hash, record.workflow), find_task(store, record, key)
        document = task_document(plan, row, LabelWaits(store).text(plan, row))
        return {"run": record.id, **document}

    return answer(json_bytes(await services_of(request).stores.run(job)))


async def why(request: Request) -> Response:
    """Why a task ran, waits, was skipped, or was not answered from the cache."""
    known(request.query_params, ())
    name, key = request.path_params["run"], request.path_params["task"]
    try:
        found = await services_of(request).stores.run(lambda store: why_document(store, store.run(name), key))
    except UnknownTask as error:
        raise Problem(404, "unknown-task", str(error)) from None
    return answer(json_bytes(found))
