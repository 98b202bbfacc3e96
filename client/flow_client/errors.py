"""What a call may raise. Every message names the thing and the remedy."""

from typing import Any


class ClientError(Exception):
    """The root of all of them."""


class WrongAddress(ClientError):
    """The URL or the token cannot be used."""


class Unreachable(ClientError):
    """Nothing answers at the URL, or not in time, also after several attempts."""


class NotFlow(ClientError):
    """Something answers, and it is no Flow server, or one of another version."""


class Problem(ClientError):
    """The server's problem document (RFC 9457): `kind` is the sort (`unknown-run`), `members` all that it says."""

    def __init__(self, status: int, kind: str, detail: str, members: dict[str, Any]) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.members = members
