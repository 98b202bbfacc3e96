"""Pages from their templates. Rendering reads files and takes time, so it is done in a thread."""

import os
from datetime import UTC, datetime
from typing import Any

from flow_runtime.graph.states import style_of, words
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from flow_server.auth.principal import principal_of
from flow_server.pages.menu import menu
from flow_server.pages.names import workflow_url
from flow_server.problem import Problem
from flow_server.services import services_of

_HERE = os.path.dirname(__file__)
STATIC = os.path.join(_HERE, "static")


def rendered(template: str, **values: Any) -> str:
    text = _environment.get_template(template).render(**values)
    return text.encode("utf-8", "replace").decode()  # what a task printed as JSON may hold half of a surrogate pair


def session_values(request: Request) -> dict[str, Any]:
    """What every page of a session shows; `may` are the scopes of whoever looks."""
    sessions, principal = services_of(request).sessions, principal_of(request)
    if principal is None:
        return {"csrf": "", "may": frozenset(), "sees_all": False}
    csrf = sessions.csrf(request.cookies.get(sessions.cookie, ""))
    return {"csrf": csrf, "may": principal.scopes, "sees_all": principal.sees_all}


async def error_page(request: Request, problem: Problem, request_id: str) -> Response:
    values = {**session_values(request), "problem": problem, "request_id": request_id}
    text = await run_in_threadpool(lambda: rendered("error.html", **values))
    return HTMLResponse(text, problem.status, problem.headers)


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _took(seconds: float | None) -> str:
    """A length of time, with as much of it as matters."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _icon(state: str) -> str:
    return style_of("ready" if state == "queued" else state).icon


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(os.path.join(_HERE, "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(menu=menu, workflow_url=workflow_url)
    environment.filters.update(moment=_moment, iso=_iso, took=_took, icon=_icon, words=words)
    return environment


_environment = _make_environment()
