"""The way in: a token, or the code of the link that the server printed."""

import asyncio
import re
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from flow_server.auth.principal import ADMINISTRATOR, READ, Principal
from flow_server.auth.wrong import WrongCredential
from flow_server.body import form_body
from flow_server.gate import address_of, is_api
from flow_server.pages.render import rendered
from flow_server.pages.session_form import session_form
from flow_server.services import Services, services_of

_PLACE = re.compile(r"(/[^\\\s\x00-\x1f\x7f?]{0,1000})(?:\?[^\\\s\x00-\x1f\x7f]{0,2000})?")
"""A path and a query."""
_NO_PAGES = ("/login", "/logout", "/static")
PAUSE = 0.5
"""Seconds that a wrong token waits for its answer."""


async def login(request: Request) -> Response:
    return await (enter if request.method == "POST" else form)(request)


async def form(request: Request) -> Response:
    """With `?once=CODE` it asks for one click: whoever only looks at a link, such as a preview, does not use it up."""
    query = request.query_params
    return await _form(query.get("once", "")[:200], _local(query.get("next", "")))


async def enter(request: Request) -> Response:
    services = services_of(request)
    fields = await form_body(request)
    try:
        principal = await _principal(services, fields, address_of(request.scope))
    except WrongCredential as error:
        request.scope["state"]["refusal"] = str(error)
        await asyncio.sleep(PAUSE)
        return await _form("", _local(fields.get("next", "")), str(error), 403)
    request.scope["state"]["principal"] = principal
    return await _opened(request, services, principal, _local(fields.get("next", "")) or "/")


async def leave(request: Request) -> Response:
    """Ends the session in the state, so that no copy of the cookie holds any more."""
    services = services_of(request)
    await session_form(request)
    cookie = request.cookies.get(services.sessions.cookie, "")
    await services.threads.run(lambda store: services.sessions.end(store, cookie))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(services.sessions.cookie, httponly=True, samesite="strict")
    return response


async def _principal(services: Services, fields: dict[str, str], address: str) -> Principal:
    """Raises WrongCredential, and Problem where there were too many wrong ones."""
    if "once" in fields:
        if not services.sessions.take_once(fields["once"]):
            raise WrongCredential("This link has been used or is too old. Use a token.")
        return ADMINISTRATOR
    try:
        principal = await services.credentials.principal(fields.get("token", "").strip(), address)
    except WrongCredential as error:
        raise WrongCredential(f"This token does not open this server: {error}.") from None
    if READ not in principal.scopes:
        raise WrongCredential(f"This token has no scope `{READ}`, which the pages need.")
    return principal


async def _opened(request: Request, services: Services, principal: Principal, after: str) -> Response:
    cookie, seconds = await services.threads.run(lambda store: services.sessions.open(store, principal))
    path, mark, query = after.partition("?")
    response = RedirectResponse(quote(path, safe="/%") + mark + query, 303)
    response.set_cookie(
        services.sessions.cookie,
        cookie,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _local(path: str) -> str:
    """A path of this server's pages with its query, or nothing: a link must not lead from the login to another place."""
    found = _PLACE.fullmatch(path)
    if found is None or "//" in found[1] or is_api(found[1]) or found[1].startswith(_NO_PAGES):
        return ""
    return path


async def _form(once: str, after: str, wrong: str = "", status: int = 200) -> Response:
    text = await run_in_threadpool(lambda: rendered("login.html", once=once, after=after, wrong=wrong, csrf=""))
    return HTMLResponse(text, status)
