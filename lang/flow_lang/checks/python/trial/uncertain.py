"""Names of a Python body of which nothing is taken for known: what is made more than once, changed, or asked for its type."""

import ast
from collections import Counter
from collections.abc import Iterator

from flow_lang.named import NamedTuple

_ASKS = ("isinstance", "hasattr", "getattr", "callable", "type", "issubclass", "setattr", "vars")
_CHANGES = (
    *("append", "extend", "insert", "update", "setdefault", "pop", "popitem", "remove", "clear", "sort", "reverse"),
    *("add", "discard", "appendleft"),
)
_OWN_SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_GUARDS = ast.Try | ast.TryStar | ast.Match


class Uncertain(NamedTuple):
    """Of `names` nothing is known, of `changed` only their type; `given` says that what the workflow gives may be changed as well, perhaps
    by another name."""

    names: set[str]
    changed: set[str]
    given: bool


def uncertain(statements: list[ast.stmt]) -> Uncertain:
    nodes = [node for statement in statements for node in ast.walk(statement)]
    inner = {
        id(name)
        for node in nodes
        if isinstance(node, _OWN_SCOPES)
        for g in node.generators
        for name in ast.walk(g.target)
    }
    made = Counter(_stored(nodes, inner))
    imported = {name for node in nodes if isinstance(node, ast.alias) for name in _stored([node], set())}
    changed = set(_changed(nodes)) - imported  # a class or module is no list, whatever is asked of it
    names = {name for name, count in made.items() if count > 1} | set(_asked(nodes))
    for node in nodes:
        if isinstance(node, _GUARDS | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
        elif isinstance(node, ast.AugAssign | ast.NamedExpr) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            names |= set(node.names)
    fresh = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict | ast.List | ast.Set | ast.Call | ast.ListComp | ast.DictComp)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return Uncertain(names, changed, not changed <= fresh)


def _stored(nodes: list[ast.AST], inner: set[int]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del) and id(node) not in inner:
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ExceptHandler):
            yield from [node.name] if node.name else []


def _changed(nodes: list[ast.AST]) -> Iterator[str]:
    """The names at whose start something is changed: `rows` in `rows[0].tags.append(x)`, "" where there is none."""
    for node in nodes:
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield _root(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
            yield _root(node.func)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _asked(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ASKS:
            for part in node.args:
                yield from (name.id for name in ast.walk(part) if isinstance(name, ast.Name))
