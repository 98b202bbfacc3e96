"""The deployed workflows, and the deployment of one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flow_engine.deployments import Version
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api.workflows import deploy_origin
from flow_server.pages.session_form import FIELDS, SOURCE_FORM, session_form
from flow_server.pages.show import show
from flow_server.pages.source_view import MOST, wrong_in
from flow_server.pages.start_form import WrongForm, start, start_form
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.submission import Origin, origin_of
from flow_server.wishes import Submission

HERE = "/workflows"
EXAMPLE = """flow 1

workflow hello(name: str = "world") -> str {
  task greet -> str { shell "echo hello ~{name}" }
  return greet
}
"""


async def page(request: Request) -> Response:
    def values(store: Store) -> dict[str, Any]:
        return {"place": HERE, "workflows": [(one, last_runs(store, one, 1)) for one in store.workflows()]}

    return await show(request, "workflows.html", values)


async def form(request: Request) -> Response:
    return await _form(request, {"source": ""})


async def deploy(request: Request) -> Response:
    """A source that is wrong comes back with what is wrong in it."""
    written = await session_form(request, SOURCE_FORM)
    services = services_of(request)
    try:
        deployed = await deploy_origin(services, await _origin(request, written))
    except Problem as problem:
        return await _form(request, written, problem)
    return RedirectResponse(f"{HERE}/{quote(deployed.version.workflow)}?deployed=1", 303)


async def once(request: Request) -> Response:
    """Runs a source that is not deployed: first its parameters are asked for, where it has some."""
    written = await session_form(request, SOURCE_FORM, FIELDS)
    try:
        origin = await _origin(request, written)
    except Problem as problem:
        return await _form(request, written, problem)
    error: WrongForm | None = None
    if "start" in written:
        try:
            run = await start(services_of(request), origin, written)
            return RedirectResponse(f"/runs/{quote(run)}", 303)
        except WrongForm as wrong:
            error = wrong
    return await _asked(request, origin, written, error)


async def _origin(request: Request, written: Mapping[str, str]) -> Origin:
    """Raises Problem."""
    services = services_of(request)
    submission = Submission(_source(written), workflow=written.get("workflow", "").strip() or None)
    return await services.heavy(lambda: origin_of(services.state, submission))


def _source(written: Mapping[str, str]) -> str:
    """A browser ends lines with CR LF, whatever they ended with."""
    return written.get("source", "").replace("\r\n", "\n")


async def _form(request: Request, written: Mapping[str, str], problem: Problem | None = None) -> Response:
    source = _source(written)
    told = [] if problem is None else problem.members.get("diagnostics", [])

    def values(store: Store) -> dict[str, Any]:
        return {
            "place": HERE,
            "source": source,
            "workflow": written.get("workflow", ""),
            "wrong": wrong_in(source, told),
            "more": max(len(told) - MOST, 0),
            "problem": problem.detail if problem is not None and not told else "",
            "example": EXAMPLE,
        }

    return await show(request, "deploy.html", values, 200 if problem is None else problem.status)


async def _asked(request: Request, origin: Origin, written: Mapping[str, str], error: WrongForm | None) -> Response:
    def values(store: Store) -> dict[str, Any]:
        given = written if error is not None else None
        return {
            "place": HERE,
            "workflow": origin.plan.workflow,
            "form": start_form(origin.plan, given, error),
            "source": _source(written),
            "named": written.get("workflow", ""),
        }

    return await show(request, "once.html", values, 200 if error is None else error.status)


def last_runs(store: Store, version: Version, count: int) -> list[RunRecord]:
    """The newest of its namespace, of those that can be read; for who sees all, as far as its name is not that of many others."""
    found = store.runs(RunFilter(workflow=version.workflow, limit=max(count, 50)), lambda _: None)
    return [record for record in found if record.namespace == version.namespace][:count]
