"""Names that an inline Python body reads and then makes itself: Python takes them for its own from the first line on."""

import ast
from functools import lru_cache

from flow_lang.checks.python.body import FreeName, characters, function_of, wrapped_body


@lru_cache(maxsize=256)
def shadowed(code: str) -> tuple[FreeName, ...]:
    """The local names of a body whose value is asked for before they have one, each where that is."""
    wrapped = wrapped_body(code)
    events = _Events()
    for statement in function_of(wrapped).body:
        events.visit(statement)
    rows = wrapped.split("\n")
    own = (events.made | events.declared) - events.given
    found = [node for name, node in events.first_read.items() if name in own]
    return tuple(
        FreeName(node.id, node.lineno - 1, characters(rows[node.lineno - 1], node.col_offset) - 1) for node in found
    )


class _Events(ast.NodeVisitor):
    """Walks the body in the order in which it runs, not into functions and classes of its own."""

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.declared: set[str] = set()
        """Names that have a type and no value: `x: int`."""
        self.given: set[str] = set()
        """Names that have a value before they are read, or that are not the body's own."""
        self.first_read: dict[str, ast.Name] = {}

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.made:
                self.first_read.setdefault(node.id, node)
        else:
            self._make(node.id)

    def _make(self, name: str) -> None:
        self.made.add(name)
        if name not in self.first_read:
            self.given.add(name)

    def visit_Assign(self, node: ast.Assign) -> None:
        for part in (node.value, *node.targets):
            self.visit(part)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and node.target.id not in self.made:
            self.first_read.setdefault(node.target.id, node.target)
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)
        elif isinstance(node.target, ast.Name):
            self.declared.add(node.target.id)

    def visit_For(self, node: ast.For) -> None:
        for part in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(part)

    def visit_alias(self, node: ast.alias) -> None:
        self._make((node.asname or node.name).partition(".")[0])

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.given.update(node.names)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._make(node.name)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._make(node.name)
        self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        """Its variables are its own; all else in it is read where it stands."""
        self.visit(node.generators[0].iter)
        own = {name.id for one in node.generators for name in ast.walk(one.target) if isinstance(name, ast.Name)}
        self._read_now(node, own)

    def visit_Call(self, node: ast.Call) -> None:
        """What these functions are given to call, they call at once."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("sorted", "max", "min", "map", "filter"):
            for part in (*node.args, *(word.value for word in node.keywords)):
                if isinstance(part, ast.Lambda):
                    self._read_now(part.body, {argument.arg for argument in part.args.args})

    def _read_now(self, node: ast.AST, own: set[str]) -> None:
        for name in ast.walk(node):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load) and name.id not in own | self.made:
                self.first_read.setdefault(name.id, name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """It runs later."""

    visit_Nonlocal = visit_Global
    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef
    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp
