"""The signatures of Python functions, read from their source by `ast` and never by importing it."""

import ast

from flow_lang.checks.python.annotations import Annotations
from flow_lang.checks.python.module import Module
from flow_lang.checks.python.modules import Modules
from flow_lang.checks.python.unreadable import Unreadable
from flow_lang.named import NamedTuple
from flow_lang.types import Type


class Argument(NamedTuple):
    name: str
    type: Type
    required: bool


class Function(NamedTuple):
    name: str
    params: tuple[Argument, ...]
    result: Type
    line: int


class Signatures:
    def __init__(self, modules: Modules) -> None:
        self.modules, self.annotations = modules, Annotations(modules)

    def of(self, name: str, module: Module) -> Function | None:
        """None where the file has no such function. Raises Unreadable."""
        module = self._home(name, module)
        node = module.functions.get(name)
        if node is None:
            return None
        if isinstance(node, ast.AsyncFunctionDef):
            raise Unreadable(
                "FLOW312",
                f"`{name}` is async",
                "a task calls an ordinary function: write `def`",
                module.path,
                node.lineno,
            )
        args = node.args
        if args.vararg or args.kwarg or args.posonlyargs:
            hint = "give each argument a name: def f(table: Path, limit: int = 10)"
            raise Unreadable(
                "FLOW312", f"`{name}` has `*`, `**` or positional-only arguments", hint, module.path, node.lineno
            )
        params = [
            self._param(arg, name, self._has_default(args, arg), module) for arg in [*args.args, *args.kwonlyargs]
        ]
        if node.returns is None:
            hint = f"write `def {name}(...) -> str:`, or `-> None` where it gives nothing"
            raise Unreadable("FLOW309", f"`{name}` does not say what it returns", hint, module.path, node.lineno)
        return Function(name, tuple(params), self.annotations.read(node.returns, module), node.lineno)

    def _home(self, name: str, module: Module) -> Module:
        """The module that declares the function: a file may only pass it on from another."""
        seen = {module.path}
        while name not in module.functions and name in module.origins:
            origin = module.origins[name]
            found = self.modules.found(origin.module, origin.level, module) if origin.name == name else None
            if found is None or found.path in seen:
                break
            seen.add(found.path)
            module = found
        return module

    @staticmethod
    def _has_default(args: ast.arguments, arg: ast.arg) -> bool:
        if arg in args.kwonlyargs:
            return args.kw_defaults[args.kwonlyargs.index(arg)] is not None
        return args.args.index(arg) >= len(args.args) - len(args.defaults)

    def _param(self, arg: ast.arg, function: str, has_default: bool, module: Module) -> Argument:
        if arg.annotation is None:
            hint = f"write its type: {arg.arg}: str"
            raise Unreadable(
                "FLOW309", f"argument `{arg.arg}` of `{function}` has no type", hint, module.path, arg.lineno
            )
        return Argument(arg.arg, self.annotations.read(arg.annotation, module), not has_default)
