"""Inline Python bodies: the code, the names that it takes from the workflow, and its syntax errors at the right place."""

import ast
import builtins
import warnings
from functools import lru_cache

from flow_lang.diagnostics import Span
from flow_lang.named import NamedTuple
from flow_lang.source import Lines
from flow_lang.syntax import tree

_GIVEN = frozenset(dir(builtins)) | {"__name__", "__file__", "__builtins__"}


class FreeName(NamedTuple):
    """A name that the code reads and nothing in it makes: its first place, line from 1 and column from 0."""

    name: str
    line: int
    column: int


class BadPython(NamedTuple):
    message: str
    line: int
    column: int
    length: int


class Python(NamedTuple):
    """`values`: names that Python has as well (`id`, `max`), and that the body reads without calling them. They are the workflow's where it
    has them; what is called is Python's."""

    free: tuple[FreeName, ...]
    bad: BadPython | None = None
    stars: bool = False
    """Whether `from x import *` makes names that cannot be known here."""
    returns: bool = False
    """Whether it returns a value."""
    modules: tuple[str, ...] = ()
    """The top-level modules that it imports."""
    values: tuple[FreeName, ...] = ()


@lru_cache(maxsize=256)
def read_python(code: str) -> Python:
    """What a body says. `code` is the dedented text of the body; it is read as the body of a function,
    one space to the right, which may change texts of several lines and no name."""
    wrapped = wrapped_body(code)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(wrapped)
            compile(module, "<body>", "exec", dont_inherit=True)
            return _names(module, wrapped)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Python((), _bad(error))


def function_of(wrapped: str) -> ast.FunctionDef:
    """The function that a wrapped body is, which has been read before: what Python warns of is not told twice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = ast.parse(wrapped).body[0]
    assert isinstance(function, ast.FunctionDef)
    return function


def wrapped_body(code: str) -> str:
    """The body as that of a function: a line and a column further on than in `code`."""
    return "def body():\n" + "".join(f" {line}\n" if line.strip() else "\n" for line in code.split("\n")) + " pass\n"


def _bad(error: Exception) -> BadPython:
    if not isinstance(error, SyntaxError):
        return BadPython(str(error) or type(error).__name__, 1, 0, 1)
    line, column = (error.lineno or 2) - 1, max((error.offset or 2) - 2, 0)
    length = (error.end_offset or 0) - (error.offset or 0) if error.end_lineno == error.lineno else 1
    return BadPython(error.msg, max(line, 1), column, max(length, 1))


def _names(module: ast.Module, wrapped: str) -> Python:
    import symtable

    table = symtable.symtable(wrapped, "<body>", "exec")
    wanted: set[str] = set()
    pending = list(table.get_children())
    while pending:
        scope = pending.pop()
        pending += scope.get_children()
        wanted |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    called = {
        node.func.id for node in ast.walk(module) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    free = _first_places(module, wrapped, wanted - _GIVEN)
    values = _first_places(module, wrapped, (wanted & _GIVEN) - called)
    imports = [node for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)]
    stars = any(alias.name == "*" for node in imports for alias in node.names)
    return Python(free, None, stars, _returns(module), tuple(imported(imports)), values)


def _first_places(module: ast.Module, wrapped: str, names: set[str]) -> tuple[FreeName, ...]:
    """Where each of the names stands first, in the order of these places."""
    nodes = [node for node in ast.walk(module) if isinstance(node, ast.Name) and node.id in names]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    first: dict[str, FreeName] = {}
    rows = wrapped.split("\n")
    for node in nodes:
        column = characters(rows[node.lineno - 1], node.col_offset) - 1
        first.setdefault(node.id, FreeName(node.id, node.lineno - 1, column))
    return tuple(first.values())


def characters(row: str, column: int) -> int:
    """A column in characters: `ast` counts columns in bytes of UTF-8."""
    return column if row.isascii() else len(row.encode()[:column].decode("utf-8", "ignore"))


def imported(nodes: list[ast.Import | ast.ImportFrom]) -> list[str]:
    """The top-level modules of import statements, each once."""
    names: list[str] = []
    for node in nodes:
        found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        names += [name.partition(".")[0] for name in found if name]
    return list(dict.fromkeys(names))


def _returns(module: ast.Module) -> bool:
    """Whether the body itself, not a function in it, returns or yields something."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(module.body[0]))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)
    return False


def place(text: tree.Text, lines: Lines, line: int, column: int, length: int) -> Span:
    """Where a place of the dedented code is in the .flow file."""
    first, content = lines.position(text.content).line, lines.in_file(text.content)
    number = min(first + line - 1, len(lines.starts))
    start = lines.start(number)
    left = text.margin if number > first or start == content else content - start
    shown = lines.line(number)
    at = start + min(left + column, len(shown))
    moved = lines.in_text(at)
    return Span(moved, moved + max(min(length, start + len(shown) - at), 1))


def name_places(text: tree.Text, lines: Lines) -> list[tuple[str, Span]]:
    """Every place of the names that a body takes from around it; none where it is not Python."""
    code = text.plain or ""
    free = {name.name for name in read_python(code).free}
    if not free:
        return []
    wrapped = wrapped_body(code)
    rows = wrapped.split("\n")
    nodes = [node for node in ast.walk(function_of(wrapped)) if isinstance(node, ast.Name) and node.id in free]
    found = []
    for node in nodes:
        column = characters(rows[node.lineno - 1], node.col_offset) - 1
        found.append((node.id, place(text, lines, node.lineno - 1, column, len(node.id))))
    return found


def first_line(text: tree.Text, lines: Lines) -> int:
    return lines.position(text.content).line
