"""The page of one run, what it shows from routes of its own, and what it asks for: an end, another try."""

from typing import Any
from urllib.parse import quote

from flow_engine import states
from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api import graph as graph_api
from flow_server.api.events import follow_run
from flow_server.api.runs import cancelled
from flow_server.api.submit import reopened
from flow_server.pages.run_view import run_view
from flow_server.pages.session_form import session_form
from flow_server.pages.show import show
from flow_server.pages.waits_page import waits
from flow_server.services import Services, services_of


async def page(request: Request) -> Response:
    return await show(request, "run.html", lambda store: _values(request, store))


async def live(request: Request) -> Response:
    """The parts of the page that change, as they are now."""
    return await show(request, "run_parts.html", lambda store: _values(request, store))


async def events(request: Request) -> Response:
    """What happens from now on. The page asks for its parts anew at each event, so that it needs none of those before."""
    name = request.path_params["run"]

    def last(store: Store) -> int:
        return store.last_event(store.run(name).id)

    if "last-event-id" in request.headers:
        return await follow_run(request, 0)
    return await follow_run(request, await services_of(request).stores.run(last))


async def cancel(request: Request) -> Response:
    """A run that has ended meanwhile is simply shown."""
    await session_form(request)
    name = request.path_params["run"]
    _, document = await services_of(request).stores.run(lambda store: cancelled(store, name))
    return RedirectResponse(f"/runs/{quote(document['run'])}", 303)


async def retry(request: Request) -> Response:
    """From what failed, or did not start, or was cancelled. Raises Problem where there is nothing of that kind."""
    await session_form(request)
    name = request.path_params["run"]
    document = await services_of(request).stores.run(lambda store: reopened(store, name))
    return RedirectResponse(f"/runs/{quote(document['run'])}", 303)


async def graph(request: Request) -> Response:
    return await graph_api.graph.handler(request)  # pages ask with what makes the URL another one


def _values(request: Request, store: Store) -> dict[str, Any]:
    services: Services = services_of(request)
    view = run_view(store, services.logs, request.path_params["run"])
    record = view.record
    is_live = record.finished_at is None
    return {
        "place": "/",
        "view": view,
        "record": record,
        "live": is_live,
        "waits": waits(store, record) if is_live else [],
        "can_retry": record.state in (states.FAILED, states.CANCELLED) and record.parent is None,
    }
