"""The files that are open in the editor, each with what is known of its present text."""

import os
from collections.abc import Iterator, Mapping

from flow_lang.checks.cases.checker import Tested
from flow_lang.checks.imports.files import FlowFile
from flow_lang.compile import Program, Session
from flow_lang.editor.names import Names, names_of
from flow_lang.source import Source
from lsprotocol import types

from flow_lsp.files import Disk, FolderLoader, path_of
from flow_lsp.positions import Encoding, Positions


class Document:
    """One open file. `path` is "" for a text that is not saved yet. What is asked for is made when it is first asked for."""

    def __init__(self, item: types.TextDocumentItem, documents: "Documents") -> None:
        self.uri, self.text, self.version = item.uri, item.text, item.version
        self.path = path_of(item.uri)
        self.documents = documents
        self.session = Session()
        self.asked: set[str] = set()
        """The files that its last check has read, or looked for."""
        self.workflows: dict[str, Tested] = {}
        """The workflows of the program by their name in a plan, its own as the last version without a wrong text had them."""
        self._program: Program | None = None
        self._names: Names | None = None
        self._positions: Positions | None = None

    def change(self, changes: list[types.TextDocumentContentChangeEvent], version: int) -> None:
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                span = self.positions.span(change.range)
                self.text = self.text[: span.start] + change.text + self.text[span.end :]
            else:
                self.text = change.text
            self._positions = None
        self.version = version
        self.forget()

    def forget(self) -> None:
        """Says that the text, or a file that it imports, has changed."""
        self._program = self._names = None

    @property
    def positions(self) -> Positions:
        if self._positions is None:
            self._positions = Positions(self.text, self.documents.encoding)
        return self._positions

    @property
    def program(self) -> Program:
        if self._program is None:
            loader = FolderLoader(os.path.dirname(self.path), self.documents.text_of, self.documents.disk)
            self._program = self.session.check(Source(self.shown, self.text), loader)
            self.asked = loader.asked
            known = self.workflows if self.file.broken else {}
            self.workflows = {**known, **self._program.workflows}
        return self._program

    @property
    def shown(self) -> str:
        """The path that its diagnostics have."""
        return self.path or self.uri

    @property
    def file(self) -> FlowFile:
        return self.program.files[-1]

    @property
    def names(self) -> Names:
        if self._names is None:
            self._names = names_of(self.file)
        return self._names

    def beside(self, path: str) -> str:
        """The full path of one that is given from the file's folder."""
        return os.path.normpath(os.path.join(os.path.dirname(self.path), path))


class Documents:
    """All open files, by URI."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.encoding: str | Encoding = Encoding.Utf16
        self._open: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._open.values()))

    def open(self, item: types.TextDocumentItem) -> Document:
        found = self._open[item.uri] = Document(item, self)
        return found

    def get(self, uri: str) -> Document | None:
        return self._open.get(uri)

    def close(self, uri: str) -> Document | None:
        return self._open.pop(uri, None)

    def text_of(self, path: str) -> str | None:
        return next((one.text for one in self._open.values() if one.path == path), None)

    def users(self, path: str) -> list[Document]:
        """The open files that have read the file at a path, or looked for it."""
        return [one for one in self if path in one.asked]

    def positions_of(self, sources: Mapping[str, Source], path: str) -> Positions:
        """Those of a file that a check has read."""
        return Positions(sources[path].text, self.encoding)
