"""One Python file: what it declares and what it imports, found by `ast` without running it."""

import ast
from collections.abc import Iterator

from flow_lang.named import NamedTuple


class Origin(NamedTuple):
    """Where an imported name is from: `name` of `module`, which `level` dots make relative to the importing file."""

    module: str
    name: str
    level: int = 0


class Module:
    """`home` is the folder of the file that the workflow imports: like the entry's folder it is on `sys.path`."""

    def __init__(self, path: str, text: str, home: str) -> None:
        """Raises SyntaxError."""
        self.path, self.home = path, home
        self.tree = ast.parse(text)
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.aliases: dict[str, ast.expr] = {}
        self.origins: dict[str, Origin] = {}
        """By the name here: what `from m import n` brings."""
        self.modules: dict[str, str] = {}
        """By the way it is written here, such as `shapes` or `pkg.shapes`: the module that `import` brings."""
        for node in _statements(self.tree.body):
            self._declare(node)

    def names(self) -> list[str]:
        """What a workflow may import from it."""
        return list(self.functions)

    def _declare(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.aliases[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            self.aliases[node.target.id] = node.value
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.origins[alias.asname or alias.name] = Origin(node.module or "", alias.name, node.level)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self.modules[alias.asname or alias.name] = alias.name


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of the file itself, also under an `if TYPE_CHECKING:` or a `try:`."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _statements(node.body)
            yield from _statements(node.orelse)
