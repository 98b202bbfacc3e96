"""What cannot be a type of the language, and where in which Python file it stands."""


class Unreadable(Exception):
    """`code` is that of the diagnostic; `line` counts from 1 in the file at `path`."""

    def __init__(self, code: str, message: str, hint: str, path: str, line: int) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.path, self.line = code, message, hint, path, line
