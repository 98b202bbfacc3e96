"""The way in: the admin token, or the code of the link that the server printed."""

import asyncio
import re
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from flow_server.body import form_body
from flow_server.pages.render import rendered
from flow_server.pages.session_form import session_form
from flow_server.services import services_of
from flow_server.session import LIFETIME, same

_PAGE = re.compile(r"/runs/[^/\\\s]{1,100}(/[^\\\s]{0,300})?")
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
    if "once" in fields:
        good, wrong = (
            services.sessions.take_once(fields["once"]),
            "This link has been used or is too old. Use the token.",
        )
    else:
        good, wrong = same(fields.get("token", "").strip(), services.token), "This is not the token of this server."
    if not good:
        await asyncio.sleep(PAUSE)
        return await _form("", _local(fields.get("next", "")), wrong, 403)
    response = RedirectResponse(quote(_local(fields.get("next", "")) or "/"), 303)
    response.set_cookie(
        services.sessions.cookie,
        services.sessions.open(),
        max_age=LIFETIME,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


async def leave(request: Request) -> Response:
    services = services_of(request)
    await session_form(request)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(services.sessions.cookie, httponly=True, samesite="strict")
    return response


def _local(path: str) -> str:
    """A path of this server's pages, or nothing: a link must not lead from the login to another place."""
    return path if _PAGE.fullmatch(path) else ""


async def _form(once: str, after: str, wrong: str = "", status: int = 200) -> Response:
    text = await run_in_threadpool(lambda: rendered("login.html", once=once, after=after, wrong=wrong, csrf=""))
    return HTMLResponse(text, status)
