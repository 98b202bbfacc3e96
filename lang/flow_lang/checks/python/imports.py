"""`from python "x.py" import f`: reads the files through the loader, and the signatures of what is imported."""

import ast
import posixpath
import sys

from flow_lang.checks.python.body import imported, read_python
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.python.signatures import Function, Module, Unreadable
from flow_lang.checks.scope import already_declared
from flow_lang.checks.unbuilt import not_built
from flow_lang.diagnostics import Report, Span
from flow_lang.source import Loader
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree


class Files:
    """The files that belong to a plan, by path relative to the entry's folder. A file is read once."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.texts: dict[str, str | None] = {}
        self.problems: dict[str, str] = {}

    def read(self, path: str) -> str | None:
        if path not in self.texts:
            try:
                self.texts[path] = self.loader.read(path)
            except (OSError, ValueError) as error:
                self.texts[path] = None
                self.problems[path] = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self.texts[path]

    def found(self) -> dict[str, str]:
        return {path: text for path, text in self.texts.items() if text is not None}


class Imports:
    """The Python functions that a file imports, by the name that they have in it."""

    def __init__(self, files: Files, report: Report) -> None:
        self.files, self.report = files, report
        self.functions: dict[str, Imported] = {}
        self.modules: dict[str, Module | None] = {}

    def read(self, item: tree.FromImport) -> None:
        if item.language.text != "python":
            hint = 'write from python "tasks.py" import f'
            self.report.error(
                "FLOW213", f"nothing is imported from `{item.language.text}`", item.language.span, "", hint
            )
            return
        path = self._path(item.path)
        module = self._module(path, item.path) if path is not None else None
        for theirs, ours in item.names:
            if ours.text in self.functions:
                first = self.functions[ours.text].span
                already_declared(self.report, ours.text, ours.span, first, "imported function")
                continue
            function = self._function(module, theirs, item.path) if module is not None else None
            self.functions[ours.text] = Imported(path or "", theirs.text, function, ours.span)

    def _path(self, text: tree.Text) -> str | None:
        if text.plain is None:
            hint = "a path of an import is fixed; leave the `~{}` out"
            self.report.error("FLOW213", "the path of an import is a plain text", text.span, "", hint)
            return None
        path = posixpath.normpath(text.plain)
        if not text.plain or path.startswith(("/", "..")) or "\\" in path:
            hint = "write the path relative to this file, below its folder, with `/`"
            self.report.error("FLOW213", f"`{text.plain}` is not a path below this file", text.span, "", hint)
            return None
        return path

    def _module(self, path: str, where: tree.Text) -> Module | None:
        if path in self.modules:
            return self.modules[path]
        text = self.files.read(path)
        module = None
        if text is None:
            hint = "the path starts at the folder of this file; is the name right?"
            self.report.error("FLOW213", f"`{path}` cannot be read: {self.files.problems[path]}", where.span, "", hint)
        else:
            module = self._parse(path, text, where)
        self.modules[path] = module
        return module

    def _parse(self, path: str, text: str, where: tree.Text) -> Module | None:
        try:
            return Module(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            hint = f"correct {path}{line} first"
            self.report.error("FLOW112", f"{path}{line} is not Python: {reason}", where.span, "imported here", hint)
            return None

    def _function(self, module: Module, name: tree.Name, where: tree.Text) -> Function | None:
        try:
            found = module.function(name.text)
        except Unreadable as error:
            place = f"{where.plain}:{error.line}"
            self.report.error(error.code, f"{error.message} ({place})", name.span, "imported here", error.hint)
            return None
        except RecursionError:
            hint = "use Any for what nests so deeply"
            self.report.error(
                "FLOW312", f"the types of `{name.text}` are nested too deeply", name.span, "imported here", hint
            )
            return None
        if found is None:
            names = list(module.functions)
            hint = did_you_mean(name.text, names, f"its functions are {listed(names)}")
            self.report.error("FLOW212", f"`{where.plain}` has no function `{name.text}`", name.span, "not found", hint)
        return found


def flow_import(item: tree.Import, report: Report) -> None:
    not_built(report, "importing another .flow file", Span(item.span.start, item.span.start + len("import")))


def add_local_modules(files: Files, codes: list[str]) -> None:
    """Adds the Python files beside the entry that Python bodies and files import, so that the plan is complete."""
    pending = [name for code in codes for name in read_python(code).modules]
    pending += [name for path, text in files.found().items() if path.endswith(".py") for name in _modules(text)]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name in sys.stdlib_module_names or not name.isidentifier():
            continue
        seen.add(name)
        for path in (f"{name}.py", f"{name}/__init__.py"):
            text = files.read(path)
            if text is not None:
                pending += _modules(text)
                break


def _modules(text: str) -> list[str]:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return imported([node for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)])
