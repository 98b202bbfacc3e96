"""The application: its routes, and what becomes of errors."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from flow_engine.errors import (
    FlowError,
    IdempotencyConflict,
    StorageError,
    StoreError,
    UnknownLetter,
    UnknownRun,
    UnknownSchedule,
    UnknownWorkflow,
    Unreadable,
)
from flow_runtime.state_folder import StateFolder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from flow_server.api.catalogue import operations
from flow_server.api.operation import API, routes_of
from flow_server.auth.scopes import guarded
from flow_server.gate import Gate, is_api, mark, request_id_of
from flow_server.metrics import Timed
from flow_server.pages.render import STATIC, error_page
from flow_server.pages.routes import page_routes
from flow_server.problem import Problem
from flow_server.services import Services

_log = logging.getLogger("flow.server")


_UNKNOWN: dict[type[Exception], str] = {
    UnknownSchedule: "unknown-schedule",
    UnknownWorkflow: "unknown-workflow",
    UnknownLetter: "unknown-letter",
}


def create_app(state: StateFolder, token: str) -> Starlette:
    """The server for a state that can be opened. It runs nothing itself: a worker of the same state does."""
    services = Services(state, token)
    known = guarded(routes())
    templates: dict[object, str] = {route.endpoint: route.path for route in known if isinstance(route, Route)}

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        yield
        services.close()

    app = Starlette(
        routes=known,
        middleware=[Middleware(Timed, metrics=services.metrics, routes=templates), Middleware(Gate, services=services)],
        exception_handlers={
            Problem: _answer_error,
            HTTPException: _answer_error,
            FlowError: _answer_error,
            ClientDisconnect: _answer_error,
            Exception: _answer_error,
        },
        lifespan=life,
    )
    app.router.redirect_slashes = False  # it would lead to whatever the Host header says
    app.state.services = services
    return app


def routes() -> list[Route | Mount]:
    return [
        *routes_of(operations()),
        *page_routes(),
        Mount("/static", StaticFiles(directory=STATIC), name="static"),
    ]


async def _answer_error(request: Request, error: Exception) -> Response:
    """A problem document for programs, a page for people. What nobody expected is logged by the server, not shown."""
    problem = _problem(request, error)
    request_id = request_id_of(request)
    answer = problem.response(request_id) if _wants_json(request) else await error_page(request, problem, request_id)
    mark(answer.headers, request_id)  # a defect is answered outside of the gate
    return answer


def _wants_json(request: Request) -> bool:
    return is_api(str(request.scope["path"]))


def _problem(request: Request, error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownRun):
        return Problem(
            404, "unknown-run", f"there is no run {request.path_params.get('run', '')[:100]}; GET {API}/runs lists them"
        )
    if type(error) in _UNKNOWN:
        return Problem(404, _UNKNOWN[type(error)], str(error))
    if isinstance(error, IdempotencyConflict):
        return Problem(409, "idempotency-conflict", f"{error}; use another key", run=error.run)
    if isinstance(error, StoreError):
        return Problem(503, "state-unavailable", str(error), {"Retry-After": "5"})
    if isinstance(error, StorageError):
        return Problem(503, "storage-unavailable", str(error), {"Retry-After": "5"})
    if isinstance(error, Unreadable):
        return Problem(500, "unreadable", str(error))
    if isinstance(error, FlowError):
        return Problem(400, "bad-request", str(error))
    if isinstance(error, ClientDisconnect):
        return Problem(400, "incomplete", "the connection was closed before the request was whole")
    if isinstance(error, HTTPException):
        return _http_problem(request, error)
    _log.error("request %s: %s %s failed", request_id_of(request), request.method, request.scope["path"])
    return Problem(500, "internal-error", f"{_blamed(request)}; its log has the details under this request id")


def _blamed(request: Request) -> str:
    run = request.path_params.get("run", "")[:100]
    if not run:
        return "this is a defect of the server"
    return (
        f"run {run} cannot be answered for: its rows are damaged, so that a backup of the state has to be put in its place, "
        "or this is a defect of the server"
    )


def _http_problem(request: Request, error: HTTPException) -> Problem:
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    headers = dict(error.headers or {})
    where = f"{request.method} {request.scope['path'][:200]}"
    if error.status_code == 404:
        return Problem(404, kind, f"there is nothing at {where}; the routes are below {API}", headers)
    if error.status_code == 405:
        return Problem(405, kind, f"{where} is not possible; use {headers.get('Allow', 'another method')}", headers)
    return Problem(error.status_code, kind, f"{where}: {error.detail}", headers)
