"""The Python files of a workflow, parsed once each, and the way from an import in one of them to another."""

import posixpath
import sys
from collections.abc import Callable

from flow_lang.checks.python.module import Module
from flow_lang.checks.python.unreadable import Unreadable


class Modules:
    """`read` gives the text of a file by its path relative to the entry's folder, or None where it is not there."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self.read = read
        self.known: dict[str, Module | None] = {}
        self.top: set[str] = set()
        """The files that the workflow itself imports; to Python they are in no package."""

    def imported(self, path: str) -> Module | None:
        """The file that a workflow imports from. Raises as `at` does."""
        self.top.add(path)
        return self.at(path, posixpath.dirname(path))

    def at(self, path: str, home: str) -> Module | None:
        """Raises SyntaxError, ValueError or RecursionError where the file is not Python."""
        if path not in self.known:
            text = self.read(path)
            self.known[path] = None if text is None else Module(path, text, home)
        return self.known[path]

    def found(self, name: str, level: int, user: Module) -> Module | None:
        """The local module that `user` imports by that name, or None where it is one of Python's or an installed one.
        Raises Unreadable where it is not Python."""
        if level and user.path in self.top:
            hint = f"write `from {name or 'shapes'} import ...`: the folder of the file is on the path"
            message = f"`{user.path}` is in no package, so `from {'.' * level}{name}` fails in it"
            raise Unreadable("FLOW312", message, hint, user.path, 1)
        for path in candidates(name, level, user.path, user.home):
            try:
                module = self.at(path, user.home)
            except (SyntaxError, ValueError, RecursionError) as error:
                line = error.lineno or 1 if isinstance(error, SyntaxError) else 1
                reason = error.msg if isinstance(error, SyntaxError) else str(error)
                message = f"`{name}`, which `{user.path}` imports, is not Python: {reason}"
                raise Unreadable("FLOW112", message, f"correct {path}:{line} first", path, line) from error
            if module is not None:
                return module
        return None


def candidates(name: str, level: int, user: str, home: str) -> list[str]:
    """The paths where a local module may be, in Python's order; none for what belongs to Python itself."""
    if level == 0 and is_python_itself(name):
        return []
    folder = posixpath.dirname(user)
    for _ in range(level - 1):
        folder = posixpath.dirname(folder)
    folders = [folder] if level else list(dict.fromkeys(("", home)))
    inner = name.replace(".", "/")
    files = (f"{inner}/__init__.py", f"{inner}.py") if inner else ("__init__.py",)
    return [posixpath.join(folder, file) for folder in folders for file in files]


def is_python_itself(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names
