"""One task of a run: its attempts with their logs, what it read and gave, and another try of it alone, with other values."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flow_engine.errors import Refused, UnknownLetter
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_runtime.replays import replay, wish_of
from flow_runtime.task_log import Place, place_of
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api import logs as logs_api
from flow_server.api.events import stream_answer
from flow_server.api.log_streams import Followed, task_stream
from flow_server.documents import find_task
from flow_server.pages.session_form import FIELDS, SOURCE_FORM, session_form
from flow_server.pages.show import show
from flow_server.pages.task_inputs import changed, inputs_of, written_in
from flow_server.pages.task_view import task_view
from flow_server.problem import Problem
from flow_server.services import services_of


async def page(request: Request) -> Response:
    return await _shown(request, "task.html", {}, "")


async def live(request: Request) -> Response:
    """The parts of the page that change, as they are now."""
    return await _shown(request, "task_parts.html", {}, "")


async def retry(request: Request) -> Response:
    """The task alone, with the values that differ from those that it had. A wrong one is told beside the form, which keeps what was written."""
    form = await session_form(request, SOURCE_FORM, FIELDS)
    written = written_in(form)
    name, key = request.path_params["run"], request.path_params["task"]
    try:
        refusal = await services_of(request).stores.run(lambda store: _retried(store, name, key, written))
    except Refused as error:
        refusal = str(error)
    if refusal:
        return await _shown(request, "task.html", written, refusal, 422)
    return RedirectResponse(f"/runs/{quote(name)}/tasks/{quote(key, safe='')}", 303)


async def log(request: Request) -> Response:
    return await logs_api.logs(request)


async def follow(request: Request) -> Response:
    """What the attempts write, from the place that the page has shown it to."""
    services = services_of(request)
    text = request.headers.get("last-event-id") or request.query_params.get("from", "1.0.0")
    place = place_of(text)
    if place is None:
        raise Problem(422, "wrong-query", "`from` must be the id of an event of this stream")
    name, key = request.path_params["run"], request.path_params["task"]

    def job(store: Store) -> Followed:
        record = store.run(name)
        return Followed(record.id, find_task(store, record, key).seq, None)

    followed = await services.stores.run(job)
    start: Place = place
    return stream_answer(request, lambda: task_stream(services, followed, start), "log", logs_api.STREAMS)


def _retried(store: Store, name: str, key: str, written: Mapping[str, str]) -> str:
    """Why it is not tried again; empty where it is. Raises Refused for a wrong value."""
    record = store.run(name)
    row = find_task(store, record, key)
    try:
        letter = store.letters.letter(f"{record.id}:{row.seq}:{row.attempt}")
    except UnknownLetter:
        return f"{key} has not failed for good; retry the run from its page"
    texts = changed(inputs_of(store, record, _name(store, record, row), row.place), written)
    return replay(store, wish_of(store, [letter], texts)).refusal


def _name(store: Store, record: RunRecord, row: TaskRecord) -> str:
    return store.plan(record.plan_hash, record.workflow).workflow.tasks[row.node].name


async def _shown(
    request: Request, template: str, written: Mapping[str, str], wrong: str, status: int = 200
) -> Response:
    services = services_of(request)

    def values(store: Store) -> dict[str, Any]:
        logs = services.logs if template == "task.html" else None  # they come by a stream of their own
        view = task_view(store, logs, request.path_params["run"], request.path_params["task"])
        inputs = [one._replace(text=written.get(one.name, one.text)) for one in view.inputs]
        return {
            "place": "/",
            "view": view._replace(inputs=inputs),
            "record": view.record,
            "live": view.record.finished_at is None,
            "wrong": wrong,
            "path": f"/runs/{quote(view.record.id)}/tasks/{quote(view.key, safe='')}",
        }

    return await show(request, template, values, status)
