"""How a body fails."""

from contextlib import suppress
from typing import Any


class BodyFailed(Exception):
    """`code` is what `retry(on = [...])` names; `details` are JSON values for people (exit code, traceback, line). `retryable`: whether
    another attempt could end better."""

    retryable = True

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def described(error: BaseException) -> str:
    """`ValueError: what it says`, also where the exception cannot say it."""
    text = "(its message cannot be shown)"
    with suppress(Exception):
        text = str(error)
    return f"{type(error).__name__}: {text}"


class BodyCancelled(Exception):
    """The body was ended because its run was cancelled or its time was up; `why` is `cancelled` or `timeout`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Terminated(BaseException):
    """SIGTERM inside a Python body: unwinds it, so that its `finally` blocks run before the grace time ends."""
