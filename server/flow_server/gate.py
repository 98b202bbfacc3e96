"""What every request passes: it gets an id and safe headers, somebody who is known (auth/), and a place in the audit log where it changes
something. Without a token or a session it goes no further."""

import re
import secrets
import time
from urllib.parse import quote, urlencode

from flow_engine.access import AuditEntry, is_namespace
from flow_engine.errors import FlowError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flow_server.auth.credentials import too_many
from flow_server.auth.principal import Principal
from flow_server.auth.scopes import OPEN, QUESTIONS
from flow_server.auth.wrong import WrongCredential
from flow_server.problem import Problem, unauthorized
from flow_server.services import Services

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
_SAFE = ("GET", "HEAD", "OPTIONS")
_SHOWN = 300
"""Characters of a path in the audit log."""


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
        told = False

        async def marked(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                mark(headers, request_id)
                told = True
                await self._note(scope, message["status"], headers.get("location", ""))
            await send(message)

        refused = await self._refused(Request(scope), request_id)
        try:
            await (refused or self._app)(scope, receive, marked)
        except Exception:
            if not told:
                await self._note(scope, 500, "")
            raise

    async def _refused(self, request: Request, request_id: str) -> Response | None:
        """The answer to whoever may go no further; the principal of all others is in the scope."""
        path = str(request.scope["path"])  # the very text that the router goes by
        if path in OPEN or path.startswith("/static/"):
            return None
        try:
            principal = await self._principal(request, path)
            if principal is not None:
                request.scope["state"]["principal"] = _at(request, principal)
                self._count(principal)
                return None
        except WrongCredential as error:
            request.scope["state"]["refusal"] = str(error)
            return unauthorized(str(error)).response(request_id)
        except Problem as problem:
            return problem.response(request_id)
        except FlowError as error:
            return Problem(503, "state-unavailable", str(error), {"Retry-After": "5"}).response(request_id)
        if is_api(path):
            return unauthorized().response(request_id)
        asked = _asked(request.scope)
        wanted = asked if request.method == "GET" and asked != "/" else ""
        return RedirectResponse(f"/login?{urlencode({'next': wanted})}" if wanted else "/login", 303)

    async def _principal(self, request: Request, path: str) -> Principal | None:
        """None where nothing is shown. Raises WrongCredential, Problem and StoreError."""
        sessions = self._services.sessions
        if not is_api(path):
            cookie = request.cookies.get(sessions.cookie, "")
            if not cookie:
                return None
            return await self._services.threads.run(lambda store: sessions.principal(store, cookie))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return await self._services.credentials.principal(token.strip(), address_of(request.scope))

    def _count(self, principal: Principal) -> None:
        """Raises Problem."""
        buckets = self._services.requests
        wait = 0.0 if buckets is None else buckets.take(principal.token or principal.subject)
        if wait:
            raise too_many(wait, f"{principal.subject} has sent too many requests")

    async def _note(self, scope: Scope, status: int, location: str) -> None:
        """What changes something or was refused a login; not what is one too many, which would be a way to fill the log."""
        state = scope["state"]
        method, template = state.get("action", (scope["method"], ""))
        principal: Principal | None = state.get("principal")
        refusal = state.get("refusal", "")
        changes = scope["method"] not in _SAFE and (method, template) not in QUESTIONS
        if status == 429 or not (refusal or (changes and (principal is not None or scope["path"] in OPEN))):
            return
        target = location if status == 201 else str(scope["path"])
        entry = AuditEntry(
            time.time(),
            "" if principal is None else principal.subject,
            "" if principal is None else principal.way,
            "" if principal is None else principal.namespace,
            address_of(scope),
            f"{method} {template or '(refused)' if refusal else template or scope['path'][:_SHOWN]}",
            _plain(target),
            status,
            state["request_id"],
            _plain(refusal),
        )
        await self._services.audit.note(entry)


def _at(request: Request, principal: Principal) -> Principal:
    """Whoever sees all namespaces may choose one. Raises Problem."""
    chosen = request.headers.get("x-flow-namespace", "")
    if not chosen or chosen == principal.namespace:
        return principal
    if not is_namespace(chosen):
        detail = "X-Flow-Namespace has 1 to 63 lower-case letters, digits and hyphens"
        raise Problem(422, "wrong-header", detail)
    if not principal.sees_all:
        detail = f"{principal.subject} is of the namespace `{principal.namespace}` alone"
        raise Problem(403, "other-namespaces", detail, namespace=principal.namespace)
    return principal._replace(namespace=chosen)


def _plain(text: str) -> str:
    """Bounded, and with nothing that a terminal or a database would trip over."""
    return "".join(char if char.isprintable() else "?" for char in text[:_SHOWN])


def _asked(scope: Scope) -> str:
    """The path and the query that were asked for, as they stand in a URL."""
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"]) + (f"?{query}" if query else "")


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


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
