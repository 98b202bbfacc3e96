"""What fails in every run that comes to it."""

import ast


class Wrong(Exception):
    """`node` is where; `message` says what, `hint` what to do."""

    def __init__(self, node: ast.AST, message: str, hint: str) -> None:
        super().__init__(message)
        self.node, self.message, self.hint = node, message, hint
