"""Personal tokens: made, listed and revoked."""

import time
from typing import Any

from flow_engine.access import ALL, DEFAULT, TokenRecord, is_namespace
from flow_engine.stores.contract import Store
from flow_runtime.document import moment
from starlette.requests import Request
from starlette.responses import Response

from flow_server.auth.principal import SCOPES, Principal, principal_of
from flow_server.auth.tokens import new_token
from flow_server.body import json_body, wrong_field
from flow_server.documents import answer, json_bytes
from flow_server.paging import known
from flow_server.problem import Problem
from flow_server.services import services_of

NAME_LENGTH = 100
LONGEST = 10 * 365 * 24 * 3600
"""Seconds that a token may hold, at most."""


async def collection(request: Request) -> Response:
    return await (create if request.method == "POST" else tokens)(request)


async def tokens(request: Request) -> Response:
    """Of the namespace, newest first, also those that have ended. None of them shows what is secret."""
    known(request.query_params, ())
    namespace = _asking(request).namespace

    def job(store: Store) -> bytes:
        return json_bytes({"tokens": [token_document(token) for token in store.access.tokens(namespace)]})

    return answer(await services_of(request).threads.run(job))


async def create(request: Request) -> Response:
    """201 with `secret`, the token itself, which is shown this once. It may do nothing that its maker may not."""
    fields = await json_body(request, {"name": str, "scopes": list}, {"namespace": str, "expires_in": int})
    principal = _asking(request)
    scopes = _scopes(fields["scopes"], principal)
    namespace, now = _namespace(fields, principal), time.time()
    seconds = fields.get("expires_in")
    if seconds is not None and not 0 < seconds <= LONGEST:
        raise wrong_field("expires_in", f"is a number of seconds from 1 to {LONGEST:,}")
    ends = _end(principal, None if seconds is None else now + seconds)
    text, record = new_token(_name(fields["name"]), namespace, scopes, principal.subject, now, ends)
    await services_of(request).threads.run(lambda store: store.access.keep_token(record))
    headers = {"Location": f"/api/v1/tokens/{record.id}"}
    return answer(json_bytes({**token_document(record), "secret": text}), 201, headers)


async def revoke(request: Request) -> Response:
    """204: it holds no more, and neither do the sessions that it opened."""
    id_, namespace = request.path_params["token"], _asking(request).namespace
    if not await services_of(request).threads.run(lambda store: store.access.revoke_token(id_, namespace, time.time())):
        raise Problem(404, "unknown-token", f"there is no token {id_[:100]} that holds; GET /api/v1/tokens lists them")
    return Response(status_code=204)


def token_document(token: TokenRecord) -> dict[str, Any]:
    return {
        "token": token.id,
        "name": token.name,
        "namespace": token.namespace,
        "scopes": list(token.scopes),
        "created_by": token.created_by,
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
        "last_used_at": moment(token.last_used_at),
        "revoked_at": moment(token.revoked_at),
    }


def _asking(request: Request) -> Principal:
    principal = principal_of(request)
    assert principal is not None
    return principal


def _name(text: str) -> str:
    if not text.isprintable() or not 0 < len(text) <= NAME_LENGTH:
        raise wrong_field("name", f"has 1 to {NAME_LENGTH} printable characters")
    return text


def _scopes(found: list[Any], principal: Principal) -> tuple[str, ...]:
    wrong = next((scope for scope in found if scope not in SCOPES), None)
    if wrong is not None or not found:
        raise wrong_field("scopes", f"must be one or more of {', '.join(SCOPES)}")
    more = sorted(set(found) - principal.scopes)
    if more:
        detail = f"{principal.subject} has no scope {', '.join(more)}, and cannot give it to a token"
        raise Problem(403, "missing-scope", detail, scope=more[0])
    return tuple(scope for scope in SCOPES if scope in found)


def _namespace(fields: dict[str, Any], principal: Principal) -> str:
    """The one that is asked for, else that of whoever asks; all of them only where that is asked for, by whoever has them."""
    own = DEFAULT if principal.sees_all else principal.namespace
    namespace = str(fields.get("namespace", own))
    if namespace != ALL and not is_namespace(namespace):
        raise wrong_field("namespace", f"has 1 to 63 lower-case letters, digits and hyphens, or is `{ALL}` for all")
    if not principal.sees_all and namespace != principal.namespace:
        detail = f"{principal.subject} is of the namespace `{principal.namespace}` alone"
        raise Problem(403, "other-namespaces", detail, namespace=principal.namespace)
    return namespace


def _end(principal: Principal, wanted: float | None) -> float | None:
    """A token that was made with one that ends does not outlive it."""
    ends = [end for end in (principal.expires_at, wanted) if end is not None]
    return min(ends, default=None)
