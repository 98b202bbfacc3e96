"""Personal tokens: made, shown once, and revoked."""

import time
from typing import Any

from flow_engine.access import TokenRecord
from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api.tokens import TokenFields, asking, made_token, revoke_token
from flow_server.auth.principal import SCOPES
from flow_server.pages.many_form import many_form
from flow_server.pages.session_form import session_form
from flow_server.pages.show import show
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import read_body

HERE = "/tokens"
DAYS = ("7", "30", "90", "365")
_DAY = 86400


async def page(request: Request) -> Response:
    return await _shown(request, {}, "")


async def create(request: Request) -> Response:
    """The only answer that shows the token itself. What is wrong is told beside the form."""
    form, principal = await many_form(request), asking(request)
    try:
        fields = read_body(_fields(form), TokenFields)
        made = await services_of(request).threads.run(lambda store: made_token(store, principal, fields))
    except Problem as problem:
        return await _shown(request, form, problem.detail, problem.status)
    secret, token = made
    return await show(request, "token_made.html", lambda _: {"place": HERE, "secret": secret, "token": token}, 201)


async def revoke(request: Request) -> Response:
    await session_form(request)
    id_, principal = request.path_params["token"], asking(request)
    await services_of(request).threads.run(lambda store: revoke_token(store, principal, id_))
    return RedirectResponse(HERE, 303)


def state_of(token: TokenRecord, now: float) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "over" if token.expires_at is not None and token.expires_at <= now else "holds"


async def _shown(request: Request, written: dict[str, list[str]], wrong: str, status: int = 200) -> Response:
    principal, now = asking(request), time.time()
    tokens = await services_of(request).threads.run(lambda store: _tokens(store, principal.namespace))
    values: dict[str, Any] = {
        "place": HERE,
        "tokens": [(token, state_of(token, now)) for token in tokens],
        "scopes": [scope for scope in SCOPES if scope in principal.scopes],
        "days": DAYS,
        "principal": principal,
        "written": written,
        "wrong": wrong,
    }
    return await show(request, "tokens.html", lambda _: values, status)


def _tokens(store: Store, namespace: str) -> list[TokenRecord]:
    return store.access.tokens(namespace)


def _fields(form: dict[str, list[str]]) -> dict[str, Any]:
    """As the API takes them."""
    days = form.get("days", [""])[-1]
    return {
        "name": form.get("name", [""])[-1].strip(),
        "scopes": form.get("scope", []),
        "namespace": form.get("namespace", [""])[-1].strip() or None,
        "expires_in": int(days) * _DAY if days in DAYS else days or None,
    }
