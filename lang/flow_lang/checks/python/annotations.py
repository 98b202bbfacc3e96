"""Python annotations as types of the language, followed through the imports of local files."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from flow_lang.checks.python.module import Module, Origin
from flow_lang.checks.python.modules import Modules, is_python_itself
from flow_lang.checks.python.unreadable import Unreadable
from flow_lang.suggest import did_you_mean, listed
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


_HINT = (
    "types are str, int, float, bool, Path, date, datetime, timedelta, Any, Literal, list[T], dict[str, T],\n"
    "T | None, and dataclasses and TypedDicts of this file or of one that it imports"
)


class Annotations:
    """Reads annotations. Each is read in the module that it stands in, because its names are those of that module."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.busy: list[tuple[str, str]] = []
        self.known: dict[tuple[str, str], Type] = {}

    def read(self, node: ast.expr, module: Module) -> Type:
        """Raises Unreadable."""
        if isinstance(node, ast.Constant):
            return self._constant(node, module)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, module)
        if isinstance(node, ast.Name):
            return self.named(node.id, module, node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right], node, module)
        if isinstance(node, ast.Subscript):
            return self._applied(node, module)
        raise _unknown(node, module)

    def _constant(self, node: ast.Constant, module: Module) -> Type:
        if node.value is None:
            return NOTHING
        if not isinstance(node.value, str):
            raise _unknown(node, module)
        try:
            quoted = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError):
            raise _unknown(node, module) from None
        return self.read(ast.increment_lineno(quoted, node.lineno - 1), module)

    def named(self, name: str, module: Module, node: ast.expr | ast.ClassDef) -> Type:
        """The type that a name has in a module."""
        if name not in module.classes and name not in module.aliases and name not in module.origins:
            return self._of_python(name, module, node)
        key = (module.path, name)
        if key not in self.known:
            with self._entered(key, module, node):
                if name in module.classes:
                    self.known[key] = self._class(module.classes[name], module)
                elif name in module.aliases:
                    self.known[key] = self.read(module.aliases[name], module)
                else:
                    self.known[key] = self._imported(module.origins[name], module, node)
        return self.known[key]

    @contextmanager
    def _entered(self, key: tuple[str, str], module: Module, node: ast.expr | ast.ClassDef) -> Iterator[None]:
        if key in self.busy:
            circle = self.busy[self.busy.index(key) :]
            if len({path for path, _ in circle}) > 1 and len({name for _, name in circle}) == 1:
                files = " -> ".join(f"`{path}`" for path, _ in [*circle, key])
                hint = "declare it in one of these files and import it in the others"
                message = f"`{key[1]}` is imported in a circle and declared nowhere: {files}"
                raise Unreadable("FLOW312", message, hint, module.path, node.lineno)
            hint = "use Any for what nests freely"
            raise Unreadable("FLOW312", f"`{key[1]}` contains itself", hint, module.path, node.lineno)
        self.busy.append(key)
        try:
            yield
        finally:
            self.busy.pop()

    @staticmethod
    def _of_python(name: str, module: Module, node: ast.expr | ast.ClassDef) -> Type:
        if name in _SIMPLE:
            return _SIMPLE[name]
        if name in _LISTS:
            raise Unreadable("FLOW312", f"`{name}` does not say of what", _LIST_HINT, module.path, node.lineno)
        raise _unknown(node, module)

    def _imported(self, origin: Origin, module: Module, node: ast.expr | ast.ClassDef) -> Type:
        if origin.level == 0 and is_python_itself(origin.module):
            return self._of_python(origin.name, module, node)
        found = self.modules.found(origin.module, origin.level, module)
        if found is None:
            if origin.name in _SIMPLE:
                return _SIMPLE[origin.name]
            raise self._not_local(origin.name, origin.module, origin.level, module, node)
        return self._in(found, origin.name, node, module)

    def _in(self, found: Module, name: str, node: ast.expr | ast.ClassDef, user: Module) -> Type:
        if name in found.classes or name in found.aliases or name in found.origins:
            return self.named(name, found, node)
        names = [*found.classes, *found.aliases]
        hint = did_you_mean(name, names, f"its types are {listed(names)}")
        raise Unreadable("FLOW212", f"`{found.path}` has no type `{name}`", hint, user.path, node.lineno)

    @staticmethod
    def _not_local(name: str, source: str, level: int, user: Module, node: ast.expr | ast.ClassDef) -> Unreadable:
        written = "." * level + source
        file = f"{source.replace('.', '/')}.py"
        message = f"`{name}` is from `{written}`, which is no Python file of this workflow"
        hint = f"put it in {file} below the folder of the .flow file; classes of installed packages have no counterpart"
        return Unreadable("FLOW312", message, hint, user.path, node.lineno)

    def _attribute(self, node: ast.Attribute, module: Module) -> Type:
        """`shapes.Summary`, `pkg.shapes.Summary`, `datetime.date`."""
        owner = ast.unparse(node.value)
        origin = module.origins.get(owner)
        source, level = module.modules.get(owner, owner), 0
        if origin is not None:
            source, level = f"{origin.module}.{origin.name}".lstrip("."), origin.level
        if level == 0 and is_python_itself(source):
            return self._of_python(node.attr, module, node)
        found = self.modules.found(source, level, module)
        if found is None and (owner in module.modules or origin is not None):
            raise self._not_local(ast.unparse(node), source, level, module, node)
        if found is None:
            return self._of_python(node.attr, module, node)
        return self._in(found, node.attr, node, module)

    def _class(self, node: ast.ClassDef, module: Module) -> Type:
        bases = {_last_name(base) for base in node.bases}
        if bases & {"StrEnum", "Enum"}:
            return self._enum_class(node, module)
        inherited = self._inherited(node, module)
        decorators = {_last_name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
        if not ("dataclass" in decorators or bases & {"TypedDict", "NamedTuple"} or inherited):
            hint = f"make `{node.name}` a dataclass or a TypedDict, or use a plain type"
            message = f"`{node.name}` is neither a dataclass nor a TypedDict"
            raise Unreadable("FLOW312", message, hint, module.path, node.lineno)
        may_lack = any(word.arg == "total" and ast.unparse(word.value) == "False" for word in node.keywords)
        fields = dict(inherited)
        for item in node.body:
            if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                continue
            if isinstance(item.annotation, ast.Subscript) and _last_name(item.annotation.value) == "ClassVar":
                continue
            type_ = self.read(item.annotation, module)
            fields[item.target.id] = optional(type_) if may_lack else type_
        return record(node.name, fields)

    def _inherited(self, node: ast.ClassDef, module: Module) -> dict[str, Type]:
        fields: dict[str, Type] = {}
        for base in node.bases:
            if isinstance(base, ast.Name) and (base.id in module.classes or base.id in module.origins):
                origin = module.origins.get(base.id)
                if origin is not None and not origin.level and is_python_itself(origin.module):
                    continue
                type_ = self.named(base.id, module, base)
                fields |= dict(zip(type_.names, type_.fields, strict=False))
        return fields

    @staticmethod
    def _enum_class(node: ast.ClassDef, module: Module) -> Type:
        values = [
            item.value.value
            for item in node.body
            if isinstance(item, ast.Assign)
            and isinstance(item.value, ast.Constant)
            and isinstance(item.value.value, str)
        ]
        if not values:
            hint = 'give it text values, or use Literal["a", "b"]'
            message = f"the enum `{node.name}` has no text values"
            raise Unreadable("FLOW312", message, hint, module.path, node.lineno)
        return enum(tuple(values))

    def _union(self, members: list[ast.expr], node: ast.expr, module: Module) -> Type:
        types = [self.read(member, module) for member in members]
        inner = [type_ for type_ in types if type_ != NOTHING]
        if len(inner) != 1:
            hint = "a value has one type; `T | None` is one that may be absent"
            raise Unreadable("FLOW312", f"`{ast.unparse(node)}` is more than one type", hint, module.path, node.lineno)
        return optional(inner[0]) if len(inner) < len(types) else inner[0]

    def _applied(self, node: ast.Subscript, module: Module) -> Type:
        name = _last_name(node.value)
        name = module.origins[name].name if name in module.origins else name
        args = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            values = [arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if len(values) == len(args):
                return enum(tuple(values))
        elif name == "Optional" and len(args) == 1:
            return optional(self.read(args[0], module))
        elif name == "Union":
            return self._union(args, node, module)
        elif name in ("Annotated", "Required", "NotRequired", "ReadOnly", "Final"):
            found = self.read(args[0], module)
            return found if name != "NotRequired" else optional(found)
        elif name in _LISTS and len(args) == 1:
            return list_of(self.read(args[0], module))
        elif name in _MAPS and len(args) == 2 and _last_name(args[0]) == "str":
            return map_of(self.read(args[1], module))
        raise _unknown(node, module)


def _unknown(node: ast.expr | ast.ClassDef, module: Module) -> Unreadable:
    message = f"`{ast.unparse(node)[:80]}` has no counterpart in the language"
    return Unreadable("FLOW312", message, _HINT, module.path, node.lineno)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
