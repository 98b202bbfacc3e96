"""A run as the engine has it: its rows and its plan, from which the command shows a run of a server as it shows one of its own state."""

from typing import Any

from flow_client.documents import PlanDocument, RowsPage, TaskOfRun, WhyDocument
from flow_engine.stores.contract import Store
from flow_runtime.document import task_document
from flow_runtime.labels import LabelWaits
from flow_runtime.row_documents import record_document, row_document
from flow_runtime.why import UnknownTask, why_document
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, find_task, json_bytes
from flow_server.paging import RowsQuery
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import Flag


class ValuesQuery(RowsQuery):
    values: Flag = Field(0, description="1 for elements and results too, or 0")


@operation(
    "listRows",
    "GET",
    API + "/runs/{run}/rows",
    "A run as the engine has it",
    tag="tasks",
    answers={200: Answer("A page of rows; fields may be added.", RowsPage)},
)
async def rows(request: Request, query: ValuesQuery) -> Response:
    """A page of rows in the order of `seq`, with the run's record; elements and results are in them with `values=1`."""
    name, cursor, limit = request.path_params["run"], query.cursor, query.limit

    def job(store: Store) -> bytes:
        record = store.run(name)
        found = store.tasks(record.id, values=bool(query.values))
        return json_bytes(
            {
                "record": record_document(record),
                "rows": [row_document(row) for row in found[cursor : cursor + limit]],
                "next_cursor": cursor + limit if cursor + limit < len(found) else None,
            }
        )

    return answer(await services_of(request).stores.run(job))


@operation(
    "getPlan",
    "GET",
    API + "/runs/{run}/plan",
    "The plan of a run",
    tag="runs",
    answers={200: Answer("The plan.", PlanDocument)},
)
async def plan(request: Request) -> Response:
    """The plan that the run is of: `workflow` is the one of it, and `plan` all that it was submitted with."""
    name = request.path_params["run"]

    def job(store: Store) -> bytes:
        record = store.run(name)
        head = json_bytes({"run": record.id, "plan_hash": record.plan_hash, "workflow": record.workflow})
        return head[:-1] + b',"plan":' + store.bundle(record.plan_hash).encode() + b"}"

    return answer(await services_of(request).stores.run(job))


@operation(
    "getTask",
    "GET",
    API + "/runs/{run}/tasks/{task}",
    "A task",
    tag="tasks",
    answers={200: Answer("The task.", TaskOfRun)},
    problems=("unknown-task",),
)
async def task(request: Request) -> Response:
    name, key = request.path_params["run"], request.path_params["task"]

    def job(store: Store) -> dict[str, Any]:
        record = store.run(name)
        plan, row = store.plan(record.plan_hash, record.workflow), find_task(store, record, key)
        document = task_document(plan, row, LabelWaits(store).text(plan, row))
        return {"run": record.id, **document}

    return answer(json_bytes(await services_of(request).stores.run(job)))


@operation(
    "why",
    "GET",
    API + "/runs/{run}/tasks/{task}/why",
    "Why a task ran, waits or was skipped",
    tag="tasks",
    answers={200: Answer("The reason, line by line.", WhyDocument)},
    problems=("unknown-task",),
)
async def why(request: Request) -> Response:
    """Why a task ran, waits, was skipped, or was not answered from the cache."""
    name, key = request.path_params["run"], request.path_params["task"]
    try:
        found = await services_of(request).stores.run(lambda store: why_document(store, store.run(name), key))
    except UnknownTask as error:
        raise Problem(404, "unknown-task", str(error)) from None
    return answer(json_bytes(found))
