"""The Python files beside the entry that its Python imports: a plan carries them, so that any worker can run it."""

import ast
import posixpath
from collections.abc import Iterator

from flow_lang.checks.python.body import read_python
from flow_lang.checks.python.files import Files
from flow_lang.checks.python.modules import candidates

Import = tuple[str, int]
"""A dotted module and how many dots make it relative."""


def add_local_modules(files: Files, bodies: list[tuple[str, str]]) -> None:
    """Adds what the inline bodies and the files that are there import, and what those import. A body is the folder of its .flow file, and its
    code."""
    pending = [(path, posixpath.dirname(path), text) for path, text in files.found().items() if path.endswith(".py")]
    done = {path for path, _, _ in pending}
    wanted = [(name, 0, "", home) for home, code in bodies for name in read_python(code).modules]
    while pending or wanted:
        if not wanted:
            path, home, text = pending.pop()
            wanted = [(name, level, path, home) for name, level in _imports(text)]
            continue
        name, level, user, home = wanted.pop()
        for path, text in _located(files, name, level, user, home):
            if path not in done:
                done.add(path)
                pending.append((path, home, text))


def _located(files: Files, name: str, level: int, user: str, home: str) -> Iterator[tuple[str, str]]:
    """The files of `a`, `a.b` and `a.b.c` for `a.b.c`, as far as they are here."""
    parts = name.split(".") if name else [""]
    for count in range(1, len(parts) + 1):
        paths = candidates(".".join(parts[:count]), level, user, home)
        found = next((path for path in paths if files.read(path) is not None), None)
        if found is None:
            return
        yield found, files.texts[found] or ""


def _imports(text: str) -> list[Import]:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[Import] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = f"{node.module}." if node.module else ""
            found += [
                (f"{inner}{alias.name}" if alias.name != "*" else node.module or "", node.level) for alias in node.names
            ]
    return list(dict.fromkeys(found))
