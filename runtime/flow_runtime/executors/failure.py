"""How a body fails."""

from typing import Any


class BodyFailed(Exception):
    """`code` is what `retry(on = [...])` names; `details` are JSON values for people (exit code, traceback, line)."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class BodyCancelled(Exception):
    """The body was ended because its run was cancelled or its time was up; `why` is `cancelled` or `timeout`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Terminated(BaseException):
    """SIGTERM inside a Python body: unwinds it, so that its `finally` blocks run before the grace time ends."""
