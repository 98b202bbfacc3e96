"""Checks what has changed, and tells the editor what is wrong."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable

from flow_lang.diagnostics import Diagnostic
from lsprotocol import types

from flow_lsp.diagnostics import shown
from flow_lsp.documents import Document, Documents
from flow_lsp.files import uri_of
from flow_lsp.positions import Positions

Publish = Callable[[types.PublishDiagnosticsParams], None]

_PAUSE = 0.002
"""Seconds in which a change that is on its way already makes a check of the one before unnecessary."""


class Publisher:
    def __init__(self, documents: Documents, publish: Publish) -> None:
        self.documents, self.publish = documents, publish
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._beside: dict[str, set[str]] = defaultdict(set)
        """By the URI of an open file the paths of imported files that something has been said about."""

    def changed(self, document: Document) -> None:
        """The text of an open file has changed, has been opened, or closed: it, if it is open, and those that use it are checked soon."""
        for user in self.documents.users(document.path) if document.path else ():
            user.forget()
            self._soon(user.uri)
        if self.documents.get(document.uri) is document:
            self._soon(document.uri)

    def closed(self, document: Document) -> None:
        handle = self._waiting.pop(document.uri, None)
        if handle is not None:
            handle.cancel()
        self.publish(types.PublishDiagnosticsParams(document.uri, []))
        for path in self._beside.pop(document.uri, set()):
            self._clear(path)
        self.changed(document)

    def _soon(self, uri: str) -> None:
        """In place of a check of an older version that has not begun."""
        if uri in self._waiting:
            self._waiting[uri].cancel()
        self._waiting[uri] = asyncio.get_running_loop().call_later(_PAUSE, self._check, uri)

    def _check(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        document = self.documents.get(uri)
        if document is None:
            return
        found: dict[str, list[Diagnostic]] = defaultdict(list)
        for diagnostic in document.program.compiled.diagnostics:
            found[diagnostic.path].append(diagnostic)
        self._tell(document, found)

    def _tell(self, document: Document, found: dict[str, list[Diagnostic]]) -> None:
        """Of imported files only those that are not open: the others say it themselves."""
        sources = document.program.compiled.sources
        known = {document.shown: document.positions}

        def positions(path: str) -> Positions:
            if path not in known:
                known[path] = Positions(sources[path].text, self.documents.encoding)
            return known[path]

        def uri(path: str) -> str:
            return document.uri if path == document.shown else uri_of(os.path.normpath(path))

        told = [shown(one, positions, uri) for one in found.pop(document.shown, [])]
        self.publish(types.PublishDiagnosticsParams(document.uri, told, version=document.version))
        beside = {os.path.normpath(path) for path in found if self.documents.text_of(os.path.normpath(path)) is None}
        for path, diagnostics in found.items():
            if os.path.normpath(path) in beside:
                told = [shown(one, positions, uri) for one in diagnostics]
                self.publish(types.PublishDiagnosticsParams(uri(path), told))
        before = self._beside[document.uri]
        self._beside[document.uri] = beside
        for path in before - beside:
            self._clear(path)

    def _clear(self, path: str) -> None:
        """Nothing is said of a file any more, unless it is open or another one says something of it."""
        if self.documents.text_of(path) is None and not any(path in paths for paths in self._beside.values()):
            self.publish(types.PublishDiagnosticsParams(uri_of(path), []))
