"""The page of one run, and what it shows from routes of its own: its graph and its logs."""

from urllib.parse import quote

from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from flow_server.api import graph as graph_api
from flow_server.api import logs as logs_api
from flow_server.api.runs import cancelled
from flow_server.pages.render import rendered, session_values
from flow_server.pages.run_view import run_view
from flow_server.pages.session_form import session_form
from flow_server.services import services_of


async def page(request: Request) -> Response:
    services = services_of(request)
    session = session_values(request)
    name = request.path_params["run"]

    def job(store: Store) -> str:
        view = run_view(store, services.logs, name)
        return rendered("run.html", **session, view=view, record=view.record, live=view.record.finished_at is None)

    return HTMLResponse(await services.stores.run(job))


async def cancel(request: Request) -> Response:
    """A run that has ended meanwhile is simply shown."""
    await session_form(request)
    name = request.path_params["run"]
    _, document = await services_of(request).stores.run(lambda store: cancelled(store, name))
    return RedirectResponse(f"/runs/{quote(document['run'])}", 303)


async def graph(request: Request) -> Response:
    return await graph_api.graph.handler(request)  # pages ask with what makes the URL another one


async def log(request: Request) -> Response:
    return await logs_api.logs(request)
