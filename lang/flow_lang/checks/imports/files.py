"""The files of a program: the entry, what it imports, and what that imports, each read once."""

import posixpath
import re
from collections.abc import Callable

from flow_lang.checks.python.files import Files
from flow_lang.checks.scope import already_declared
from flow_lang.diagnostics import Report, Span
from flow_lang.named import NamedTuple
from flow_lang.source import Lines, Source
from flow_lang.syntax import tree
from flow_lang.syntax.build import read_file
from flow_lang.syntax.pieces import Pieces
from flow_lang.syntax.words import Words

MOST_FILES = 500
MOST_TEXT = 16 << 20
"""Characters of all files together."""
DEEPEST = 40
"""Files that import one another in a chain."""
_ALIAS = re.compile(r"[^\W\d]\w*")
_HARD = frozenset(["for", "in", "when", "is", "and", "or", "not", "true", "false", "import", "from", "as", "return"])


class FlowFile(NamedTuple):
    """`path` starts at the entry's folder ("" for the entry itself). `imports` are by alias; None for what could not be read. `broken` says
    that its text is wrong, so that what it declares is not known."""

    path: str
    source: Source
    report: Report
    lines: Lines
    tree: tree.File
    imports: dict[str, "FlowFile | None"]
    broken: bool


PiecesOf = Callable[[str], Pieces | None]
"""What has been read before of the file with that path, if anything is kept."""


def load(source: Source, files: Files, words: Words, pieces: PiecesOf) -> list[FlowFile]:
    """The entry comes last, each file after those that it imports. What is wrong is in the reports of the files."""
    loading = _Loading(source, files, words, pieces)
    loading.file("", source)
    return loading.ordered


class _Loading:
    def __init__(self, source: Source, files: Files, words: Words, pieces: PiecesOf) -> None:
        self.files, self.words, self.pieces = files, words, pieces
        shown = source.path.replace("\\", "/")
        self.folder, self.entry = posixpath.split(shown)
        self.loaded: dict[str, FlowFile | None] = {}
        self.chain: list[str] = []
        self.ordered: list[FlowFile] = []
        self.size = self.count = 0
        self.full = False

    def file(self, path: str, source: Source) -> FlowFile:
        report = Report(source.path)
        parsed, lines = read_file(source, report, self.words, self.pieces(path))
        found = FlowFile(path, source, report, lines, parsed, {}, report.failed)
        self.size += len(source.text)
        self.count += 1
        self.chain.append(path or self.entry)
        spans: dict[str, Span] = {}
        for item in parsed.items:
            if isinstance(item, tree.Import):
                self._import(item, found, spans)
        self.chain.pop()
        self.ordered.append(found)
        return found

    def _import(self, item: tree.Import, user: FlowFile, spans: dict[str, Span]) -> None:
        path = self._path(item.path, user)
        alias = item.alias or (self._stem(item, path, user.report) if path is not None else None)
        if alias is None:
            return
        if alias.text in spans:
            already_declared(user.report, alias.text, alias.span, spans[alias.text], "imported file")
            user.imports[alias.text] = None
            return
        spans[alias.text] = alias.span
        found = self._found(path, item, user.report) if path is not None else None
        user.imports[alias.text] = None if found is None or found.broken else found

    def _path(self, text: tree.Text, user: FlowFile) -> str | None:
        """The path of the imported file, from the entry's folder."""
        report = user.report
        if text.plain is None:
            hint = "a path of an import is fixed; leave the `~{}` out"
            report.error("FLOW213", "the path of an import is a plain text", text.span, "", hint)
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(user.path), text.plain))
        if "\\" in text.plain:
            hint = f'write import "{text.plain.replace(chr(92), "/")}"'
            report.error("FLOW213", "the parts of a path are separated by `/`", text.span, "", hint)
            return None
        if not text.plain or text.plain.startswith("/") or path.startswith(".."):
            hint = (
                "write the path relative to this file, with `/`; all files lie below the folder of the one that is run"
            )
            report.error("FLOW213", f"`{text.plain}` leads out of the folder of the program", text.span, "", hint)
            return None
        if path.endswith(".py"):
            hint = f'functions of a Python file are imported so: from python "{text.plain}" import name'
            report.error("FLOW213", f"`{text.plain}` is no .flow file", text.span, "", hint)
            return None
        return path

    def _stem(self, item: tree.Import, path: str, report: Report) -> tree.Name | None:
        stem = posixpath.basename(path).removesuffix(".flow")
        if _ALIAS.fullmatch(stem) and stem not in _HARD:
            return tree.Name(stem, item.path.span)
        made = re.sub(r"\W+", "_", stem).strip("_").lower()
        made = f"{made}_file" if made in _HARD or not _ALIAS.fullmatch(made) else made
        hint = f'a name has letters, digits and `_`, and is no word of the language; give it one: import "{item.path.plain}" as {made}'
        report.error("FLOW220", f"`{stem}` cannot be the name of an imported file", item.path.span, "", hint)
        return None

    def _found(self, path: str, item: tree.Import, report: Report) -> FlowFile | None:
        where = item.path.span
        if path in self.chain:
            names = [*self.chain[self.chain.index(path) :], path]
            if len(names) == 2:
                hint = "remove the import: what a file declares is used in it without a name before it"
                report.error("FLOW410", "this file imports itself", where, "this is the file itself", hint)
                return None
            hint = f"move what both need into a file of its own: {' -> '.join(names)}"
            report.error(
                "FLOW410", "these files import one another", where, f"`{path}` is the file that led here", hint
            )
            return None
        if path in self.loaded:
            return self.loaded[path]
        if self._too_much(item, report):
            return None
        text = self.files.read(path)
        if text is None:
            hint = "the path starts at the folder of this file; is the name right?"
            message = f"`{item.path.plain}` cannot be read: {self.files.problems[path]}"
            report.error("FLOW213", message, where, "", hint)
            self.loaded[path] = None
            return None
        self.loaded[path] = self.file(path, Source(posixpath.join(self.folder, path), text))
        return self.loaded[path]

    def _too_much(self, item: tree.Import, report: Report) -> bool:
        reason = ""
        if self.count >= MOST_FILES:
            reason = f"a program has at most {MOST_FILES} files"
        elif self.size > MOST_TEXT:
            reason = f"the files of a program have at most {MOST_TEXT >> 20} MiB together"
        elif len(self.chain) >= DEEPEST:
            reason = f"files import one another at most {DEEPEST} deep"
        if reason and not self.full:
            self.full = True
            hint = "is this the right file? What is generated is better given as a parameter"
            report.error("FLOW411", "too much is imported", item.path.span, reason, hint)
        return bool(reason)
