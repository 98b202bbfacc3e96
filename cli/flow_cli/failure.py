"""An end of the command that is told in one message."""

from typing import Any


class CommandError(Exception):
    """`code` is the exit code; `details` go into the JSON document beside the message, and `text`, where
    it is set, is shown to people instead of it."""

    def __init__(self, code: int, kind: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.kind = kind
        self.message = message
        self.details = details
        self.text = ""
