"""The signatures of Python functions, read from their source by `ast` and never by importing it."""

import ast
from typing import NamedTuple

from flow_lang.types import (
    BOOL,
    DATE,
    DATETIME,
    DIR,
    DURATION,
    FILE,
    FLOAT,
    INT,
    JSON,
    NOTHING,
    STR,
    Type,
    enum,
    list_of,
    map_of,
    optional,
    record,
)


class Argument(NamedTuple):
    name: str
    type: Type
    required: bool


class Function(NamedTuple):
    name: str
    params: tuple[Argument, ...]
    result: Type
    line: int


class Unreadable(Exception):
    """A signature that cannot be a task's type. `code` is that of the diagnostic; `line` counts from 1 in the Python file."""

    def __init__(self, code: str, message: str, hint: str, line: int) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.line = code, message, hint, line


_SIMPLE = {
    "str": STR,
    "int": INT,
    "float": FLOAT,
    "bool": BOOL,
    "Path": FILE,
    "PurePath": FILE,
    "PosixPath": FILE,
    "date": DATE,
    "datetime": DATETIME,
    "timedelta": DURATION,
    "Any": JSON,
    "object": JSON,
    "None": NOTHING,
    "dict": JSON,
    "Dir": DIR,
}
_LISTS = ("list", "List", "Sequence", "Iterable", "Collection")
_MAPS = ("dict", "Dict", "Mapping", "MutableMapping")
_LIST_HINT = "say of what: list[str], dict[str, int]"


class Module:
    """One Python file."""

    def __init__(self, text: str) -> None:
        """Raises SyntaxError."""
        self.tree = ast.parse(text)
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.aliases: dict[str, ast.expr] = {}
        self.busy: list[str] = []
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self.aliases[node.targets[0].id] = node.value

    def function(self, name: str) -> Function | None:
        """None where the file has no such function. Raises Unreadable."""
        node = self.functions.get(name)
        if node is None:
            return None
        if isinstance(node, ast.AsyncFunctionDef):
            raise Unreadable(
                "FLOW312", f"`{name}` is async", "a task calls an ordinary function: write `def`", node.lineno
            )
        args = node.args
        if args.vararg or args.kwarg or args.posonlyargs:
            hint = "give each argument a name: def f(table: Path, limit: int = 10)"
            raise Unreadable("FLOW312", f"`{name}` has `*`, `**` or positional-only arguments", hint, node.lineno)
        params = [self._param(arg, name, self._has_default(args, arg)) for arg in [*args.args, *args.kwonlyargs]]
        if node.returns is None:
            hint = f"write `def {name}(...) -> str:`, or `-> None` where it gives nothing"
            raise Unreadable("FLOW309", f"`{name}` does not say what it returns", hint, node.lineno)
        return Function(name, tuple(params), self._type(node.returns), node.lineno)

    @staticmethod
    def _has_default(args: ast.arguments, arg: ast.arg) -> bool:
        if arg in args.kwonlyargs:
            return args.kw_defaults[args.kwonlyargs.index(arg)] is not None
        return args.args.index(arg) >= len(args.args) - len(args.defaults)

    def _param(self, arg: ast.arg, function: str, has_default: bool) -> Argument:
        if arg.annotation is None:
            hint = f"write its type: {arg.arg}: str"
            raise Unreadable("FLOW309", f"argument `{arg.arg}` of `{function}` has no type", hint, arg.lineno)
        return Argument(arg.arg, self._type(arg.annotation), not has_default)

    def _type(self, node: ast.expr) -> Type:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Attribute):
            return self._named(node.attr, node)
        if isinstance(node, ast.Name):
            return self._named(node.id, node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right], node)
        if isinstance(node, ast.Subscript):
            return self._applied(node)
        raise self._unknown(node)

    def _constant(self, node: ast.Constant) -> Type:
        if node.value is None:
            return NOTHING
        if isinstance(node.value, str):
            try:
                return self._type(ast.parse(node.value, mode="eval").body)
            except (SyntaxError, ValueError):
                raise self._unknown(node) from None
        raise self._unknown(node)

    def _named(self, name: str, node: ast.expr) -> Type:
        if name in self.classes:
            return self._class(self.classes[name])
        if name in self.aliases and name not in self.busy:
            self.busy.append(name)
            try:
                return self._type(self.aliases[name])
            finally:
                self.busy.pop()
        if name in _SIMPLE:
            return _SIMPLE[name]
        if name in _LISTS:
            raise Unreadable("FLOW312", f"`{name}` does not say of what", _LIST_HINT, node.lineno)
        raise self._unknown(node)

    def _class(self, node: ast.ClassDef) -> Type:
        bases = {_last_name(base) for base in node.bases}
        decorators = {_last_name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
        if bases & {"StrEnum", "Enum"}:
            return self._enum_class(node)
        if not ("dataclass" in decorators or bases & {"TypedDict", "NamedTuple"}):
            hint = f"make `{node.name}` a dataclass or a TypedDict, or use a plain type"
            raise Unreadable("FLOW312", f"`{node.name}` is neither a dataclass nor a TypedDict", hint, node.lineno)
        if node.name in self.busy:
            raise Unreadable("FLOW312", f"`{node.name}` contains itself", "use Any for what nests freely", node.lineno)
        self.busy.append(node.name)
        fields = {
            item.target.id: self._type(item.annotation)
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        self.busy.pop()
        return record(node.name, fields)

    def _enum_class(self, node: ast.ClassDef) -> Type:
        values = [
            item.value.value
            for item in node.body
            if isinstance(item, ast.Assign)
            and isinstance(item.value, ast.Constant)
            and isinstance(item.value.value, str)
        ]
        if not values:
            hint = 'give it text values, or use Literal["a", "b"]'
            raise Unreadable("FLOW312", f"the enum `{node.name}` has no text values", hint, node.lineno)
        return enum(tuple(values))

    def _union(self, members: list[ast.expr], node: ast.expr) -> Type:
        types = [self._type(member) for member in members]
        inner = [type_ for type_ in types if type_ != NOTHING]
        if len(inner) != 1:
            hint = "a value has one type; `T | None` is one that may be absent"
            raise Unreadable("FLOW312", f"`{ast.unparse(node)}` is more than one type", hint, node.lineno)
        return optional(inner[0]) if len(inner) < len(types) else inner[0]

    def _applied(self, node: ast.Subscript) -> Type:
        name = _last_name(node.value)
        args = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            values = [arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if len(values) == len(args):
                return enum(tuple(values))
        elif name == "Optional" and len(args) == 1:
            return optional(self._type(args[0]))
        elif name == "Union":
            return self._union(args, node)
        elif name in ("Annotated", "Required", "NotRequired", "Final"):
            return self._type(args[0]) if name != "NotRequired" else optional(self._type(args[0]))
        elif name in _LISTS and len(args) == 1:
            return list_of(self._type(args[0]))
        elif name in _MAPS and len(args) == 2 and _last_name(args[0]) == "str":
            return map_of(self._type(args[1]))
        raise self._unknown(node)

    @staticmethod
    def _unknown(node: ast.expr) -> Unreadable:
        hint = (
            "types are str, int, float, bool, Path, date, datetime, timedelta, Any, Literal, list[T], dict[str, T],\n"
            "T | None, and dataclasses and TypedDicts of the same file"
        )
        return Unreadable(
            "FLOW312", f"`{ast.unparse(node)[:80]}` has no counterpart in the language", hint, node.lineno
        )


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
