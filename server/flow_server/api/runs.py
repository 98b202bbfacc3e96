"""List, look at and cancel runs."""

import time
from typing import Any

from flow_client.documents import ResultDocument, RunDocument, RunsPage, RunSummary, TasksPage
from flow_engine import states
from flow_engine.errors import Unreadable
from flow_engine.stores.contract import Store
from flow_engine.stores.reads import readable
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, json_bytes, run_summary, run_whole, tasks_page
from flow_server.paging import Page, RowsQuery, RunsQuery, filter_of, runs_page
from flow_server.problem import Problem
from flow_server.services import services_of


@operation(
    "listRuns",
    "GET",
    API + "/runs",
    "List runs, newest first",
    tag="runs",
    answers={200: Answer("A page of runs.", RunsPage)},
)
async def runs(request: Request, query: RunsQuery) -> Response:
    """In pages; runs that start meanwhile do not move them. With `label`, a page looks at 2,000 runs at most, so that it may hold fewer than
    `limit`, even none, and be followed by another."""
    filter_ = filter_of(query)

    def job(store: Store) -> bytes:
        page = runs_page(store, filter_, query.label)
        summaries, damaged = _summaries(store, page)
        return json_bytes({"runs": summaries, "next_cursor": page.following, "damaged": damaged})

    return answer(await services_of(request).stores.run(job))


def _summaries(store: Store, page: Page) -> tuple[list[dict[str, Any]], list[str]]:
    """And what is said of the runs that cannot be read."""
    found, damaged = [], [*page.damaged]
    for record in page.records:
        try:
            with readable(f"run {record.id}"):
                found.append(run_summary(store, record))
        except Unreadable as error:
            damaged.append(error)
    return found, [str(error) for error in damaged]


@operation(
    "getRun",
    "GET",
    API + "/runs/{run}",
    "A run with its first tasks",
    tag="runs",
    answers={200: Answer("The run.", RunDocument)},
)
async def run(request: Request) -> Response:
    """The first 1,000 of its tasks; `next_tasks` is the cursor of the others."""
    name = request.path_params["run"]
    return answer(await services_of(request).stores.run(lambda store: json_bytes(run_whole(store, store.run(name)))))


@operation(
    "listTasks",
    "GET",
    API + "/runs/{run}/tasks",
    "The tasks of a run, in pages",
    tag="tasks",
    answers={200: Answer("A page of tasks.", TasksPage)},
)
async def tasks(request: Request, query: RowsQuery) -> Response:
    """In the order of the workflow, the instances of its `for` after its tasks."""
    name = request.path_params["run"]
    return answer(
        await services_of(request).stores.run(
            lambda store: json_bytes(tasks_page(store, store.run(name), query.cursor, query.limit))
        )
    )


@operation(
    "getResult",
    "GET",
    API + "/runs/{run}/result",
    "The result of a run",
    tag="runs",
    answers={200: Answer("What it gave, or why it gave nothing.", ResultDocument)},
    problems=("not-ended",),
)
async def result(request: Request) -> Response:
    """The result of a run that has ended, or why it has none; 409 while it has not ended."""
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


@operation(
    "cancelRun",
    "POST",
    API + "/runs/{run}/cancel",
    "Cancel a run",
    tag="runs",
    answers={
        200: Answer("It was cancelled already.", RunSummary),
        202: Answer("Its tasks end within seconds.", RunSummary),
    },
    problems=("ended-already",),
)
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
