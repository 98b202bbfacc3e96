"""Which scope each route needs. A route that is not here cannot be served: the server does not start with it."""

from collections.abc import Sequence

from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from flow_server.auth.principal import ADMIN, JOIN, OPERATE, READ, RUN, Principal
from flow_server.problem import Problem, ServerError, unauthorized

API = "/api/v1"
_RUN = API + "/runs/{run}"
OPEN = ("/healthz", "/readyz", "/login")
"""What needs nobody; files below /static neither."""
NEEDS: dict[tuple[str, str], str] = {
    **{
        ("GET", path): READ
        for path in (
            API + "/runs",
            API + "/folders/{digest}",
            _RUN,
            *(
                _RUN + part
                for part in (
                    "/tasks",
                    "/result",
                    "/graph.{format}",
                    "/events",
                    "/rows",
                    "/plan",
                    "/logs",
                    "/tasks/{task}",
                    "/tasks/{task}/why",
                    "/tasks/{task}/logs",
                )
            ),
            API + "/openapi.json",
            API + "/workflows",
            API + "/workflows/{name}",
            API + "/workflows/{name}/graph.{format}",
            API + "/schedules",
            API + "/schedules/{name}",
            API + "/pools",
            API + "/workers",
            API + "/config",
            API + "/dead-letters",
            API + "/dead-letters/{letter}",
            "/metrics",
            "/",
            "/runs/{run}",
            "/runs/{run}/graph.{format}",
            "/runs/{run}/tasks/{task}/log",
            "/runs/{run}/tasks/{task}/log/follow",
            "/runs/{run}/tasks/{task}/live",
            "/runs/{run}/tasks/{task}",
            "/runs/{run}/live",
            "/runs/{run}/events",
            "/runs/{run}/again",
            "/workflows",
            "/deploy",
            "/workflows/{name}",
            "/workflows/{name}/graph.svg",
            "/dead-letters",
            "/dead-letters/{letter}",
            "/search",
            "/workers",
            "/schedules",
            "/schedules/{name}",
        )
    },
    ("POST", API + "/check"): READ,
    ("POST", _RUN + "/diff"): READ,
    ("POST", "/logout"): READ,
    ("POST", API + "/runs"): RUN,
    ("POST", API + "/runs/bulk"): RUN,
    ("POST", API + "/runs/cancel"): RUN,
    ("POST", API + "/runs/retry"): RUN,
    ("PUT", API + "/folders/{digest}"): RUN,
    ("POST", _RUN + "/cancel"): RUN,
    ("POST", _RUN + "/retry"): RUN,
    ("POST", _RUN + "/approvals"): RUN,
    ("POST", _RUN + "/approvals/{task}"): RUN,
    ("POST", _RUN + "/signals/{event}"): RUN,
    ("POST", "/runs/{run}/cancel"): RUN,
    ("POST", "/runs/{run}/again"): RUN,
    ("POST", "/runs/{run}/retry"): RUN,
    ("POST", "/runs/{run}/approvals/{task}"): RUN,
    ("POST", "/runs/{run}/signals/{task}"): RUN,
    ("POST", "/runs/{run}/tasks/{task}/retry"): OPERATE,
    ("POST", "/run-once"): RUN,
    ("POST", "/workflows/{name}/start"): RUN,
    ("POST", "/deploy"): OPERATE,
    ("POST", "/runs/many"): RUN,
    ("PUT", API + "/workflows/{name}"): OPERATE,
    ("DELETE", API + "/workflows/{name}"): OPERATE,
    ("DELETE", API + "/schedules/{name}"): OPERATE,
    ("POST", API + "/schedules/{name}/pause"): OPERATE,
    ("POST", API + "/schedules/{name}/resume"): OPERATE,
    ("POST", API + "/schedules/{name}/backfill"): OPERATE,
    ("PUT", API + "/pools/{name}"): OPERATE,
    ("POST", API + "/dead-letters/replay"): OPERATE,
    ("POST", API + "/dead-letters/{letter}/drop"): OPERATE,
    ("POST", "/pools"): OPERATE,
    ("POST", "/dead-letters/replay"): OPERATE,
    ("POST", "/schedules/{name}/pause"): OPERATE,
    ("POST", "/schedules/{name}/resume"): OPERATE,
    ("POST", "/schedules/{name}/remove"): OPERATE,
    ("POST", "/schedules/{name}/backfill"): OPERATE,
    ("POST", "/dead-letters/{letter}/replay"): OPERATE,
    ("POST", "/dead-letters/{letter}/drop"): OPERATE,
    ("GET", API + "/notify/rules"): ADMIN,
    ("PUT", API + "/notify/rules/{rule}"): ADMIN,
    ("DELETE", API + "/notify/rules/{rule}"): ADMIN,
    ("POST", API + "/notify/rules/{rule}/test"): ADMIN,
    ("GET", API + "/notify/failed"): ADMIN,
    ("POST", API + "/notify/retry"): ADMIN,
    ("GET", "/notices"): ADMIN,
    ("POST", "/notices"): ADMIN,
    ("POST", "/notices/test"): ADMIN,
    ("POST", "/notices/remove"): ADMIN,
    ("POST", "/notices/retry"): ADMIN,
    ("GET", "/tokens"): ADMIN,
    ("POST", "/tokens"): ADMIN,
    ("POST", "/tokens/{token}/revoke"): ADMIN,
    ("GET", "/audit"): ADMIN,
    ("GET", API + "/tokens"): ADMIN,
    ("POST", API + "/tokens"): ADMIN,
    ("DELETE", API + "/tokens/{token}"): ADMIN,
    ("GET", API + "/audit"): ADMIN,
    ("POST", API + "/config/{role}"): JOIN,
}
QUESTIONS = {("POST", API + "/check"), ("POST", _RUN + "/diff")}
"""What is sent and changes nothing, so that no log has to tell it."""
SHARED = {
    ("PUT", API + "/pools/{name}"),
    ("POST", API + "/config/{role}"),
    ("POST", "/pools"),
    ("GET", "/metrics"),
}
"""What is of all namespaces together, and so for those who see all of them."""


def guarded(routes: Sequence[Route | Mount]) -> list[Route | Mount]:
    """The same, each asking for its scope. Raises ServerError for a route without one."""
    for route in routes:
        if isinstance(route, Route) and route.path not in OPEN:
            for method in (route.methods or set()) - {"HEAD"}:
                if (method, route.path) not in NEEDS:
                    raise ServerError(f"{method} {route.path} names no scope: add it to flow_server/auth/scopes.py")
            route.app = _Guard(route.app, route.path)
    return [*routes]


class _Guard:
    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app, self._path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        scope["state"]["action"] = (method, self._path)
        principal = scope["state"].get("principal")
        if principal is None:
            raise unauthorized()
        _need(principal, method, self._path)
        await self._app(scope, receive, send)


def _need(principal: Principal, method: str, path: str) -> None:
    """Raises Problem."""
    need = NEEDS[(method, path)]
    if need not in principal.scopes:
        has = ", ".join(sorted(principal.scopes)) or "none"
        detail = f"this needs the scope `{need}`, and {principal.subject} has {has}; ask for a token with it"
        raise Problem(403, "missing-scope", detail, scope=need)
    if (method, path) in SHARED and not principal.sees_all:
        detail = f"this is shared by all namespaces, and {principal.subject} is of `{principal.namespace}` alone"
        raise Problem(403, "other-namespaces", detail, namespace=principal.namespace)
