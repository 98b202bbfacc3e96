"""Errors as RFC 9457 problem documents, which name the thing and the remedy."""

from typing import Any

from flow_engine.errors import FlowError
from starlette.responses import JSONResponse, Response


class ServerError(FlowError):
    """The server cannot start; the message names the remedy."""


class Problem(Exception):
    """`kind` names the sort of problem (`unknown-run`), `detail` is this one in words, `members` are further members."""

    def __init__(
        self, status: int, kind: str, detail: str, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def response(self, request_id: str) -> Response:
        document = {
            "type": f"urn:flow:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.members,
            "request_id": request_id,
        }
        return JSONResponse(document, self.status, self.headers, "application/problem+json")


def unauthorized(why: str = "") -> Problem:
    """`why` says what is wrong with the token that was sent, where one was."""
    told = f"{why}: " if why else ""
    challenge = 'Bearer realm="flow"' + (', error="invalid_token"' if why else "")
    return Problem(
        401,
        "unauthorized",
        f"{told}send a token: Authorization: Bearer TOKEN (that of the administrator is in the file `token` of the server's state folder)",
        {"WWW-Authenticate": challenge},
    )
