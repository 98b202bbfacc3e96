"""A deployed workflow: its graph before a run, its source, its runs, and the form that starts one."""

import os
import re
from typing import Any
from urllib.parse import quote

from flow_engine.access import DEFAULT
from flow_engine.deployments import Version
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_runtime.graph.model import Graph, graph_of
from pydantic import Field as QueryField
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api.graph import drawing_of
from flow_server.auth.principal import principal_of
from flow_server.pages.names import id_in, part_of
from flow_server.pages.session_form import FIELDS, SOURCE_FORM, session_form
from flow_server.pages.show import show
from flow_server.pages.source_view import source_lines, source_of
from flow_server.pages.start_form import WrongForm, start, start_form
from flow_server.pages.workflows_page import HERE, last_runs
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import Flag, Query, Whole, read_query
from flow_server.submission import Origin, deployed_origin, version_of

SUBMITTED = "submitted"
"""The folder of the state with those of single runs."""
_RUN = re.compile(r"[0-9a-z]{26}")
VERSIONS = 50
RUNS = 10
"""The newest ones."""


async def page(request: Request) -> Response:
    return await _shown(request, None, None)


async def start_run(request: Request) -> Response:
    """Wrong values come back in their place."""
    written = await session_form(request, SOURCE_FORM, FIELDS)
    services, name, number = services_of(request), id_in(request), _number(request)
    await services.stores.run(lambda store: _need_own(request, version_of(store, name, number)))
    origin = await services.stores.run(lambda store: deployed_origin(store, name, number))
    try:
        run = await start(services, origin, written)
    except WrongForm as error:
        return await _shown(request, written, error)
    return RedirectResponse(f"/runs/{quote(run)}", 303)


async def graph(request: Request) -> Response:
    """Always as SVG."""
    name, number = id_in(request), _number(request)

    def job(store: Store) -> Graph:
        version = version_of(store, name, number)
        return graph_of(store.plan(version.plan_hash, version.workflow).workflow)

    return await drawing_of(request, await services_of(request).stores.run(job))


async def again(request: Request) -> Response:
    """A form with the parameters of a run, which starts another one of the same plan."""
    return await _again(request, None, None)


async def start_again(request: Request) -> Response:
    written = await session_form(request, SOURCE_FORM, FIELDS)
    services = services_of(request)
    record = await services.stores.run(lambda store: store.run(request.path_params["run"]))
    origin = await services.stores.run(lambda store: _origin_of_run(store, record))
    try:
        run = await start(services, origin, written, record.params)
    except WrongForm as error:
        return await _again(request, written, error)
    return RedirectResponse(f"/runs/{quote(run)}", 303)


def _is_own(request: Request, version: Version) -> bool:
    """Whether a run that is started here is of the same namespace: one of whoever sees all is of `default`."""
    principal = principal_of(request)
    return principal is None or not principal.sees_all or version.namespace == DEFAULT


def _need_own(request: Request, version: Version) -> None:
    """Raises Problem."""
    if not _is_own(request, version):
        detail = (
            f"this workflow is of the namespace `{version.namespace}`: log in with a token of it to start a run there"
        )
        raise Problem(403, "other-namespaces", detail, namespace=version.namespace)


def _number(request: Request) -> int | None:
    """The version that the URL asks for; None for the newest. Raises Problem."""
    return read_query(request.query_params, VersionQuery).version


class VersionQuery(Query):
    version: Whole | None = QueryField(None, ge=1, description="the number of a version")
    deployed: Flag = QueryField(0, description="1 where it has just been deployed, or 0")
    v: str | None = None
    """Makes the URL of a drawing another one."""


async def _shown(request: Request, written: dict[str, str] | None, error: WrongForm | None) -> Response:
    name, number = id_in(request), _number(request)

    def values(store: Store) -> dict[str, Any]:
        found = store.versions(name, VERSIONS)
        version = version_of(store, name, number)
        plan = store.plan(version.plan_hash, version.workflow)
        return {
            "place": HERE,
            "name": name,
            "path": f"{HERE}/{part_of(name)}",
            "is_own": _is_own(request, version),
            "workflow": plan.workflow,
            "versions": found,
            "version": version,
            "deployed": "deployed" in request.query_params,
            "source": source_lines(source_of(plan)),
            "runs": last_runs(store, version, RUNS),
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


def _origin_of_run(store: Store, record: RunRecord) -> Origin:
    """Its plan again; a source that was sent gets an empty folder of its own again, also where it is that of a parent run."""
    plan = store.plan(record.plan_hash, record.workflow)
    above, last = os.path.split(record.folder)
    is_of_a_run = os.path.basename(above) == SUBMITTED and _RUN.fullmatch(last) is not None
    folder = None if is_of_a_run else record.folder
    return Origin(plan, store.bundle(record.plan_hash), record.plan_hash, folder)
