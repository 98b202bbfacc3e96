"""Inline Python bodies as functions whose lines and columns are those of the .flow file."""

import ast
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from flow_lang.plan import Body

Function = Callable[..., Any]


def compile_inline(body: Body, path: str, source: str) -> Function:
    """A function of `body.names`. `source` is the text of the .flow file, which `path` names. Raises SyntaxError."""
    columns = _indentation(body, _lines(source))
    names: dict[str, Any] = {"__name__": "__flow__", "__file__": path}
    if not columns or _may_change(body.code):
        return FunctionType(_by_tree(body, columns, path), names)
    return FunctionType(_moved(_by_text(body.code, body.names, columns, path), body.line - 2), names)


def _may_change(code: str) -> bool:
    """Whether indentation could become a part of a text in the code."""
    return "'''" in code or '"""' in code or "\\\n" in code


@lru_cache(maxsize=1024)
def _by_text(code: str, names: tuple[str, ...], columns: int, path: str) -> CodeType:
    """The body from line 2 on, indented as in the file. Bodies of the same text are compiled once, wherever they stand."""
    rows = code.split("\n")
    if all(not row.strip() or row.strip().startswith("#") for row in rows):
        rows.append("pass")
    text = "\n".join(" " * columns + row if row.strip() else "" for row in rows)
    return _function_in(compile(f"def body({', '.join(names)}):\n{text}\n", path, "exec"))


def _by_tree(body: Body, columns: int, path: str) -> CodeType:
    """For all that its text does not tell: the tree is moved to its place before it is compiled, which takes longer."""
    tree = ast.increment_lineno(ast.parse(body.code), body.line - 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            node.col_offset += columns
            node.end_col_offset = (node.end_col_offset or 0) + columns
    module = ast.parse(f"def body({', '.join(body.names)}): pass")
    function = module.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = tree.body or function.body
    return _function_in(compile(module, path, "exec"))


def _function_in(module: CodeType) -> CodeType:
    return next(const for const in module.co_consts if isinstance(const, CodeType))


def _moved(code: CodeType, lines: int) -> CodeType:
    """The code and all functions in it, so many lines further down."""
    consts = tuple(_moved(const, lines) if isinstance(const, CodeType) else const for const in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + lines, co_consts=consts)


@lru_cache(maxsize=8)
def _lines(source: str) -> list[str]:
    return source.splitlines()


def _indentation(body: Body, lines: list[str]) -> int:
    """How many bytes further right the body stands in the file than in its dedented code."""
    rows = body.code.splitlines()
    first = next((number for number, row in enumerate(rows) if row.strip()), 0)
    at = body.line - 1 + first
    found = lines[at].find(rows[first]) if body.code.strip() and at < len(lines) else -1
    return len(lines[at][:found].encode()) if found > 0 else 0
