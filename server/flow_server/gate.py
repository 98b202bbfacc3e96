"""What every request passes: it gets an id and safe headers, and without the token or a session it goes no further."""

import re
import secrets
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flow_server.problem import unauthorized
from flow_server.services import Services
from flow_server.session import same

OPEN = ("/healthz", "/readyz", "/login")
"""What needs neither; files below /static neither."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Gate:
    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                mark(MutableHeaders(scope=message), request_id)
            await send(message)

        refused = self._refused(Request(scope), request_id)
        await (refused or self._app)(scope, receive, marked)

    def _refused(self, request: Request, request_id: str) -> Response | None:
        path = str(request.scope["path"])  # the very text that the router goes by
        if path in OPEN or path.startswith("/static/"):
            return None
        if is_api(path):
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            good = scheme.lower() == "bearer" and same(token.strip(), self._services.token)
            return None if good else unauthorized().response(request_id)
        if self._services.sessions.holds(request.cookies.get(self._services.sessions.cookie)):
            return None
        wanted = path if request.method == "GET" and path != "/" else ""
        return RedirectResponse(f"/login?{urlencode({'next': wanted})}" if wanted else "/login", 303)


def mark(headers: MutableHeaders, request_id: str) -> None:
    """What every answer carries."""
    headers["X-Request-ID"] = request_id
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def is_api(path: str) -> bool:
    """Whether a program asks, and is to be answered with JSON."""
    return path.startswith("/api/") or path in ("/api", "/metrics", "/healthz", "/readyz")


def request_id_of(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))
