"""`flow lsp`: the language server. It keeps the open files, and answers with what `flow_lang` says about them."""

import gc
import logging
from importlib.metadata import version

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from flow_lsp import answers
from flow_lsp.documents import Document, Documents
from flow_lsp.publisher import Publisher
from flow_lsp.tokens import LEGEND, semantic_tokens

_KEPT_HERE = (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE)


class _Protocol(LanguageServerProtocol):
    """The texts of open files are kept by `Documents` alone: for pygls lines end at more characters than for the protocol."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        for method in _KEPT_HERE:
            del self.fm.builtin_features[method]


def _unexpected(record: logging.LogRecord) -> bool:
    """What is refused is answered with its reason, and is nothing for a log."""
    return record.exc_info is None or not isinstance(record.exc_info[1], JsonRpcInvalidParams)


def serve() -> None:
    """Serves one editor on standard input and output, until it says that it ends."""
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_unexpected)
    gc.set_threshold(50_000, 20, 50)  # trees are kept long; a check that makes a new one lets the collector wait anyway
    make_server().start_io()


def make_server() -> LanguageServer:
    server = LanguageServer("flow", version("flow-dsl"), protocol_cls=_Protocol)
    documents = Documents()
    publisher = Publisher(documents, server.text_document_publish_diagnostics)
    _follow(server, documents, publisher)
    _answer(server, documents)
    _change(server, documents)
    return server


def _follow(server: LanguageServer, documents: Documents, publisher: Publisher) -> None:
    """What happens to the files."""

    @server.feature(types.INITIALIZED)
    def initialized(_params: types.InitializedParams) -> None:
        documents.encoding = server.workspace.position_encoding or types.PositionEncodingKind.Utf16

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        publisher.changed(documents.open(params.text_document))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = documents.get(params.text_document.uri)
        if document is not None:
            document.change(list(params.content_changes), params.text_document.version)
            publisher.changed(document)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        document = documents.get(params.text_document.uri)
        if document is not None:
            document.forget()  # files that are not open may have changed too
            publisher.changed(document)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        document = documents.close(params.text_document.uri)
        if document is not None:
            publisher.closed(document)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(_params: types.DidChangeWatchedFilesParams) -> None:
        for document in documents:
            document.forget()
            publisher.changed(document)


def _answer(server: LanguageServer, documents: Documents) -> None:
    """Questions about a place or a file."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        document = documents.get(params.text_document.uri)
        return answers.hovered(document, params.position) if document is not None else None

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[".", ":"]))
    def completion(params: types.CompletionParams) -> list[types.CompletionItem]:
        document = documents.get(params.text_document.uri)
        return answers.completed(document, params.position) if document is not None else []

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        document = documents.get(params.text_document.uri)
        return answers.defined(document, params.position) if document is not None else None

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def references(params: types.ReferenceParams) -> list[types.Location]:
        document = documents.get(params.text_document.uri)
        declared = params.context.include_declaration
        return answers.referenced(document, params.position, declared) if document is not None else []

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        document = documents.get(params.text_document.uri)
        return answers.highlighted(document, params.position) if document is not None else []

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        document = documents.get(params.text_document.uri)
        return answers.symbols(document) if document is not None else []

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND)
    def tokens(params: types.SemanticTokensParams) -> types.SemanticTokens:
        document = documents.get(params.text_document.uri)
        return types.SemanticTokens(semantic_tokens(document) if document is not None else [])


def _change(server: LanguageServer, documents: Documents) -> None:
    """What makes edits."""

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        document = documents.get(params.text_document.uri)
        return answers.formatted(document) if document is not None else None

    kinds = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = documents.get(params.text_document.uri)
        return answers.fixes(document, params) if document is not None else []

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(params: types.PrepareRenameParams) -> types.Range | None:
        document = documents.get(params.text_document.uri)
        return answers.renameable(document, params.position) if document is not None else None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        document: Document | None = documents.get(params.text_document.uri)
        if document is None:
            return None
        try:
            return answers.renamed(document, params.position, params.new_name)
        except ValueError as error:
            raise JsonRpcInvalidParams(str(error)) from error
