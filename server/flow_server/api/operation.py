"""One call of the API, declared once: its route, what its request is checked by, and what the OpenAPI document says of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import getdoc
from typing import Any, NamedTuple, get_type_hints

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flow_server.body import json_body
from flow_server.shapes import Body, Query, read_query

API = "/api/v1"
JSON = "application/json"
Handler = Callable[..., Awaitable[Response]]


class Answer(NamedTuple):
    """`type_` is that of the JSON document; of other media a schema may be given. Without media it has no body."""

    words: str
    type_: Any = None
    media: tuple[str, ...] = (JSON,)


class Operation(NamedTuple):
    """`handler` takes the request, and `query` and `body` where it has parameters of these names; their types check what is given."""

    id: str
    method: str
    path: str
    summary: str
    tag: str
    handler: Handler
    answers: Mapping[int, Answer]
    problems: tuple[str, ...]
    query: type[Query]
    body: type[Body] | None
    takes_query: bool
    body_optional: bool
    upload: str
    headers: Mapping[str, str]
    example: Mapping[str, Any] | None
    open: bool

    @property
    def description(self) -> str:
        return getdoc(self.handler) or ""

    async def __call__(self, request: Request) -> Response:
        given: dict[str, Any] = {}
        query = read_query(request.query_params, self.query)
        if self.takes_query:
            given["query"] = query
        if self.body is not None:
            given["body"] = await json_body(request, self.body, self.body_optional)
        return await self.handler(request, **given)


def operation(
    id_: str,
    method: str,
    path: str,
    summary: str,
    *,
    tag: str,
    answers: Mapping[int, Answer],
    problems: Sequence[str] = (),
    body_optional: bool = False,
    upload: str = "",
    headers: Mapping[str, str] | None = None,
    example: Mapping[str, Any] | None = None,
    open_: bool = False,
) -> Callable[[Handler], Operation]:
    """`upload` is the media type of a body that is not JSON; `headers` are those of the request, with what they mean; `open_` says that no
    token is needed."""

    def made(handler: Handler) -> Operation:
        hints = get_type_hints(handler)
        return Operation(
            id_,
            method,
            path,
            summary,
            tag,
            handler,
            answers,
            tuple(problems),
            hints.get("query", Query),
            hints.get("body"),
            "query" in hints,
            body_optional,
            upload,
            headers or {},
            example,
            open_,
        )

    return made


def routes_of(operations: Sequence[Operation]) -> list[Route]:
    """One for each path, in the order of their first operations."""
    by_path: dict[str, dict[str, Operation]] = {}
    for one in operations:
        by_path.setdefault(one.path, {})[one.method] = one
    return [Route(path, _endpoint(methods), methods=list(methods)) for path, methods in by_path.items()]


def _endpoint(methods: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
