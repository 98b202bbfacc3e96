"""What fails in every run that comes to it."""

import ast


class Wrong(Exception):
    """`node` is where; `message` says what, `hint` what to do. `about` is the unknown field, as `TYPE.NAME`, which may have been told elsewhere."""

    def __init__(self, node: ast.AST, message: str, hint: str, about: str = "") -> None:
        super().__init__(message)
        self.node, self.message, self.hint, self.about = node, message, hint, about
