"""A deployed workflow: its graph before a run, its source, its runs, and the form that starts one."""

from typing import Any
from urllib.parse import quote

from flow_engine.stores.contract import RunFilter, Store
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api import graph as graph_api
from flow_server.pages import deployments
from flow_server.pages.session_form import FIELDS, SOURCE_FORM, session_form
from flow_server.pages.show import show
from flow_server.pages.source_view import source_lines, source_of
from flow_server.pages.start_form import WrongForm, start, start_form
from flow_server.pages.workflows_page import HERE
from flow_server.services import services_of
from flow_server.submission import Origin, deployed_origin

RUNS = 10
"""The newest ones."""


async def page(request: Request) -> Response:
    return await _shown(request, None, None)


async def start_run(request: Request) -> Response:
    """Wrong values come back in their place."""
    written = await session_form(request, SOURCE_FORM, FIELDS)
    services, name = services_of(request), request.path_params["name"]
    origin = await services.stores.run(lambda store: deployed_origin(store, name))
    try:
        run = await start(services, origin, written)
    except WrongForm as error:
        return await _shown(request, written, error)
    return RedirectResponse(f"/runs/{quote(run)}", 303)


async def graph(request: Request) -> Response:
    return await graph_api.workflow_graph.handler(request)


async def again(request: Request) -> Response:
    """A form with the parameters of a run, which starts another one of the same plan."""
    return await _again(request, None, None)


async def start_again(request: Request) -> Response:
    written = await session_form(request, SOURCE_FORM, FIELDS)
    services = services_of(request)
    origin = await services.stores.run(lambda store: _origin_of_run(store, request.path_params["run"]))
    try:
        run = await start(services, origin, written)
    except WrongForm as error:
        return await _again(request, written, error)
    return RedirectResponse(f"/runs/{quote(run)}", 303)


async def _shown(request: Request, written: dict[str, str] | None, error: WrongForm | None) -> Response:
    name = request.path_params["name"]

    def values(store: Store) -> dict[str, Any]:
        found = deployments.versions(store, name)
        plan = store.plan(found[0].plan_hash, found[0].workflow)
        return {
            "place": HERE,
            "name": name,
            "path": f"{HERE}/{quote(name)}",
            "workflow": plan.workflow,
            "versions": found,
            "deployed": "deployed" in request.query_params,
            "source": source_lines(source_of(plan)),
            "runs": store.runs(RunFilter(workflow=name, limit=RUNS)),
            "form": start_form(plan, written, error),
        }

    return await show(request, "workflow.html", values, 200 if error is None else error.status)


async def _again(request: Request, written: dict[str, str] | None, error: WrongForm | None) -> Response:
    name = request.path_params["run"]

    def values(store: Store) -> dict[str, Any]:
        record = store.run(name)
        plan = store.plan(record.plan_hash, record.workflow)
        extra = {"priority": str(record.priority or ""), "labels": "\n".join(record.labels)}
        form = start_form(plan, written, error, record.params, extra)
        return {"place": "/", "record": record, "workflow": plan.workflow, "form": form}

    return await show(request, "again.html", values, 200 if error is None else error.status)


def _origin_of_run(store: Store, name: str) -> Origin:
    """Its plan again; a source that was sent gets an empty folder of its own again."""
    record = store.run(name)
    plan = store.plan(record.plan_hash, record.workflow)
    folder = None if record.folder.endswith(f"/{record.id}") else record.folder
    return Origin(plan, store.bundle(record.plan_hash), record.plan_hash, folder)
