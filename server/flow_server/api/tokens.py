"""Personal tokens: made, listed and revoked."""

import time
from typing import Any

from flow_client.access import NewToken, TokensDocument
from flow_engine.access import ALL, DEFAULT, TokenRecord, is_namespace
from flow_engine.stores.contract import Store
from flow_runtime.document import moment
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.auth.principal import ADMINISTRATOR, SCOPES, Principal, principal_of
from flow_server.auth.tokens import new_token
from flow_server.documents import answer, json_bytes
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import Body, wrong_field

NAME_LENGTH = 100
LONGEST = 10 * 365 * 24 * 3600
"""Seconds that a token may hold, at most."""


class TokenFields(Body):
    name: str = Field(
        min_length=1, max_length=NAME_LENGTH, description=f"a string of 1 to {NAME_LENGTH} printable characters"
    )
    scopes: list[str] = Field(min_length=1, description=f"a list of one or more of {', '.join(SCOPES)}")
    namespace: str | None = Field(
        None, description=f"a string of 1 to 63 lower-case letters, digits and hyphens, or `{ALL}` for all"
    )
    expires_in: int | None = Field(None, ge=1, le=LONGEST, description=f"an integer from 1 to {LONGEST:,}, of seconds")


@operation(
    "listTokens",
    "GET",
    API + "/tokens",
    "The tokens of the namespace",
    tag="access",
    answers={200: Answer("The tokens, without what is secret.", TokensDocument)},
)
async def tokens(request: Request) -> Response:
    """Of the namespace, newest first, also those that have ended. None of them shows what is secret."""
    namespace = asking(request).namespace

    def job(store: Store) -> bytes:
        return json_bytes({"tokens": [token_document(token) for token in store.access.tokens(namespace)]})

    return answer(await services_of(request).threads.run(job))


@operation(
    "createToken",
    "POST",
    API + "/tokens",
    "Make a token",
    tag="access",
    answers={201: Answer("The token.", NewToken)},
    example={"name": "ci", "scopes": ["read", "run"], "namespace": "team-a", "expires_in": 7776000},
)
async def create(request: Request, body: TokenFields) -> Response:
    """201 with `secret`, the token itself, which is shown this once. It may do nothing that its maker may not."""
    principal = asking(request)
    text, record = await services_of(request).threads.run(lambda store: made_token(store, principal, body))
    headers = {"Location": f"/api/v1/tokens/{record.id}"}
    return answer(json_bytes({**token_document(record), "secret": text}), 201, headers)


@operation(
    "revokeToken",
    "DELETE",
    API + "/tokens/{token}",
    "Revoke a token",
    tag="access",
    answers={204: Answer("It holds no more.", media=())},
    problems=("unknown-token",),
)
async def revoke(request: Request) -> Response:
    """204: it holds no more, and neither do the sessions that it opened."""
    id_, principal = request.path_params["token"], asking(request)
    await services_of(request).threads.run(lambda store: revoke_token(store, principal, id_))
    return Response(status_code=204)


def made_token(store: Store, principal: Principal, fields: TokenFields) -> tuple[str, TokenRecord]:
    """The text of a new token, which is kept from now on, and what is kept of it. Raises Problem."""
    scopes, namespace, now = _scopes(fields.scopes, principal), _namespace(fields.namespace, principal), time.time()
    wanted = None if fields.expires_in is None else now + fields.expires_in
    ends = min((end for end in (_end(store, principal), wanted) if end is not None), default=None)
    text, record = new_token(_name(fields.name), namespace, scopes, principal.subject, now, ends)
    store.access.keep_token(record)
    return text, record


def revoke_token(store: Store, principal: Principal, id_: str) -> None:
    """Raises Problem where it holds no more already."""
    if not store.access.revoke_token(id_, principal.namespace, time.time()):
        raise Problem(404, "unknown-token", f"there is no token {id_[:100]} that holds; GET /api/v1/tokens lists them")


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


def asking(request: Request) -> Principal:
    principal = principal_of(request)
    assert principal is not None
    return principal


def _name(text: str) -> str:
    if not text.isprintable() or not 0 < len(text) <= NAME_LENGTH:
        raise wrong_field("name", f"has 1 to {NAME_LENGTH} printable characters")
    return text


def _scopes(found: list[str], principal: Principal) -> tuple[str, ...]:
    wrong = next((scope for scope in found if scope not in SCOPES), None)
    if wrong is not None or not found:
        raise wrong_field("scopes", f"must be one or more of {', '.join(SCOPES)}")
    more = sorted(set(found) - principal.scopes)
    if more:
        detail = f"{principal.subject} has no scope {', '.join(more)}, and cannot give it to a token"
        raise Problem(403, "missing-scope", detail, scope=more[0])
    return tuple(scope for scope in SCOPES if scope in found)


def _namespace(given: str | None, principal: Principal) -> str:
    """The one that is asked for, else that of whoever asks; all of them only where that is asked for, by whoever has them."""
    own = DEFAULT if principal.sees_all else principal.namespace
    namespace = own if given is None else given
    if namespace != ALL and not is_namespace(namespace):
        raise wrong_field("namespace", f"has 1 to 63 lower-case letters, digits and hyphens, or is `{ALL}` for all")
    if not principal.sees_all and namespace != principal.namespace:
        detail = f"{principal.subject} is of the namespace `{principal.namespace}` alone"
        raise Problem(403, "other-namespaces", detail, namespace=principal.namespace)
    return namespace


def _end(store: Store, principal: Principal) -> float | None:
    """A token that was made with one that ends does not outlive it; of a session that is what it was opened with, and not its own end."""
    if principal.way != "session" or not (principal.token or principal.subject == ADMINISTRATOR.subject):
        return principal.expires_at
    opened = next((token for token in store.access.tokens() if token.id == principal.token), None)
    return None if opened is None else opened.expires_at
