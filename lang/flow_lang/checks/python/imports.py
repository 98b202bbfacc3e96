"""`from python "x.py" import f`: reads the files through the loader, and the signatures of what is imported."""

import posixpath

from flow_lang.checks.python.files import Files
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.python.module import Module
from flow_lang.checks.python.modules import Modules
from flow_lang.checks.python.signatures import Function, Signatures
from flow_lang.checks.python.unreadable import Unreadable
from flow_lang.checks.scope import already_declared
from flow_lang.diagnostics import Report
from flow_lang.suggest import did_you_mean, listed, nearest
from flow_lang.syntax import tree


class Imports:
    """The Python functions that a file imports, by the name that they have in it."""

    def __init__(self, files: Files, report: Report, folder: str = "") -> None:
        """`folder` is that of the file, from the entry's folder."""
        self.files, self.report, self.folder = files, report, folder
        self.functions: dict[str, Imported] = {}
        self.modules = Modules(files.read)
        self.signatures = Signatures(self.modules)
        self.told: set[str] = set()
        self.meant: set[str] = set()
        """Names that an import very likely meant: the rest of the file calls them, and the import is the one mistake."""

    def read(self, item: tree.FromImport) -> None:
        if item.language.text != "python":
            for theirs, ours in item.names:
                self.functions.setdefault(ours.text, Imported("", theirs.text, None, ours.span))
            hint = f'functions come from Python: from python "tasks.py" import {item.names[0][0].text}'
            self.report.error(
                "FLOW213", f"nothing is imported from `{item.language.text}`", item.language.span, "", hint
            )
            return
        path = self._path(item.path)
        module = self._module(path, item.path) if path is not None else None
        for theirs, ours in item.names:
            if ours.text in self.functions and ours.text not in self.meant:
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
        path = posixpath.normpath(posixpath.join(self.folder, text.plain))
        if not text.plain or path.startswith(("/", "..")) or "\\" in path:
            hint = (
                "write the path relative to this file, with `/`; all files lie below the folder of the one that is run"
            )
            self.report.error("FLOW213", f"`{text.plain}` leads out of the folder of the program", text.span, "", hint)
            return None
        return path

    def _module(self, path: str, where: tree.Text) -> Module | None:
        try:
            module = self.modules.imported(path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self._not_python(path, where, error)
            return None
        if module is None and path not in self.told:
            self.told.add(path)
            hint = "the path starts at the folder of this file; is the name right?"
            self.report.error("FLOW213", f"`{path}` cannot be read: {self.files.problems[path]}", where.span, "", hint)
        return module

    def _not_python(self, path: str, where: tree.Text, error: Exception) -> None:
        if path in self.told:
            return
        self.told.add(path)
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        hint = f"correct {path}{line} first"
        self.report.error("FLOW112", f"{path}{line} is not Python: {reason}", where.span, "imported here", hint)

    def _function(self, module: Module, name: tree.Name, where: tree.Text) -> Function | None:
        try:
            found = self.signatures.of(name.text, module)
        except Unreadable as error:
            place = f"{error.path}:{error.line}"
            self.report.error(error.code, f"{error.message} ({place})", name.span, "imported here", error.hint)
            return None
        except RecursionError:
            hint = "use Any for what nests so deeply"
            self.report.error(
                "FLOW312", f"the types of `{name.text}` are nested too deeply", name.span, "imported here", hint
            )
            return None
        if found is None:
            names = module.names()
            hint = did_you_mean(name.text, names, f"its functions are {listed(names)}")
            meant = nearest(name.text, names)
            if meant is not None and meant not in self.functions:
                self.meant.add(meant)
                self.functions[meant] = Imported(where.plain or "", meant, None, name.span)
            self.report.error("FLOW212", f"`{where.plain}` has no function `{name.text}`", name.span, "not found", hint)
        return found
