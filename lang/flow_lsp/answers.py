"""What is answered to the requests of an editor about one open file."""

import re

from flow_lang.diagnostics import Span
from flow_lang.editor.completion import Proposal, proposals
from flow_lang.editor.hover import hover
from flow_lang.editor.names import Declaration, Mention
from flow_lang.editor.outline import Entry, outline
from flow_lang.format import format_source
from flow_lang.source import Source
from lsprotocol import types

from flow_lsp.diagnostics import fix_of, place_of
from flow_lsp.documents import Document
from flow_lsp.files import uri_of
from flow_lsp.positions import Positions

_ITEMS = {
    "word": types.CompletionItemKind.Keyword,
    "setting": types.CompletionItemKind.Property,
    "type": types.CompletionItemKind.Class,
    "function": types.CompletionItemKind.Function,
    "field": types.CompletionItemKind.Field,
    "workflow": types.CompletionItemKind.Module,
    "import": types.CompletionItemKind.Module,
    "policy": types.CompletionItemKind.Constant,
    "pool": types.CompletionItemKind.Constant,
    "secret": types.CompletionItemKind.Constant,
}
_SYMBOLS = {
    "workflow": types.SymbolKind.Module,
    "type": types.SymbolKind.Struct,
    "policy": types.SymbolKind.Constant,
    "pool": types.SymbolKind.Constant,
    "secret": types.SymbolKind.Key,
    "test": types.SymbolKind.Event,
    "section": types.SymbolKind.Namespace,
}
_RENAMED = frozenset(("workflow", "task", "param", "secret", "pool", "loop", "input", "type", "policy"))
_NAME = re.compile(r"[^\W\d]\w*")
_HARD = frozenset(("for", "in", "when", "is", "and", "or", "not", "true", "false", "import", "from", "as", "return"))


def hovered(document: Document, position: types.Position) -> types.Hover | None:
    offset = document.positions.offset(position)
    found = hover(document.text, offset, document.names, document.workflows)
    if found is None:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, found.text)
    return types.Hover(content, document.positions.range(found.span))


def completed(document: Document, position: types.Position) -> list[types.CompletionItem]:
    offset = document.positions.offset(position)
    return [_item(one) for one in proposals(document.text, offset, document.names, document.workflows)]


def _item(proposal: Proposal) -> types.CompletionItem:
    doc = types.MarkupContent(types.MarkupKind.Markdown, proposal.doc) if proposal.doc else None
    kind = _ITEMS.get(proposal.kind, types.CompletionItemKind.Variable)
    return types.CompletionItem(proposal.name, kind=kind, detail=proposal.detail or None, documentation=doc)


def _mention(document: Document, position: types.Position) -> Mention | None:
    return document.names.at(document.positions.offset(position))


def defined(document: Document, position: types.Position) -> types.Location | None:
    mention = _mention(document, position)
    if mention is None:
        return None
    declaration = mention.declaration
    if not declaration.path:
        return types.Location(document.uri, document.positions.range(declaration.span))
    path = document.beside(declaration.path)
    text = _text_of(document, path)
    if text is None or not document.path:
        return None
    span = _python(declaration, text) if declaration.kind == "function" else declaration.span
    return types.Location(_uri(document, path), Positions(text, document.documents.encoding).range(span))


def _text_of(document: Document, path: str) -> str | None:
    documents = document.documents
    text = documents.text_of(path)
    if text is None:
        try:
            return documents.disk.read(path)
        except (OSError, ValueError):
            return None  # the check says what is wrong with it
    return text


def _uri(document: Document, path: str) -> str:
    return next((one.uri for one in document.documents if one.path == path), None) or uri_of(path)


def _python(declaration: Declaration, text: str) -> Span:
    """Where a function is in a Python file."""
    found = re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+({re.escape(declaration.name)})\b", text, re.MULTILINE)
    return Span(*found.span(1)) if found is not None else Span(0, 0)


def referenced(document: Document, position: types.Position, declared: bool) -> list[types.Location]:
    """In this file; `declared` says whether the declaration is one of them."""
    mention = _mention(document, position)
    if mention is None:
        return []
    here = mention.declaration
    spans = [span for span in document.names.places(here) if declared or here.path or span != here.span]
    return [types.Location(document.uri, document.positions.range(span)) for span in spans]


def highlighted(document: Document, position: types.Position) -> list[types.DocumentHighlight]:
    found = referenced(document, position, declared=True)
    return [types.DocumentHighlight(location.range, types.DocumentHighlightKind.Text) for location in found]


def renameable(document: Document, position: types.Position) -> types.Range | None:
    mention = _mention(document, position)
    if mention is None or mention.declaration.path or mention.declaration.kind not in _RENAMED:
        return None
    return document.positions.range(mention.span)


def renamed(document: Document, position: types.Position, name: str) -> types.WorkspaceEdit | None:
    """Raises ValueError where the new name is none, or taken."""
    mention = _mention(document, position)
    if mention is None or renameable(document, position) is None:
        return None
    if not _NAME.fullmatch(name) or name in _HARD:
        raise ValueError(f"`{name}` is no name: it has letters, digits and `_`, and is no word of the language")
    here, names = mention.declaration, document.names
    taken = names.known(here.span.start).get(name) if here.inside else names.top.get(f"{here.kind} {name}")
    if taken is not None and taken != here:
        raise ValueError(f"there is a `{name}` already; one name means one thing")
    edits = [types.TextEdit(document.positions.range(span), name) for span in names.places(here)]
    return types.WorkspaceEdit(changes={document.uri: edits})


def symbols(document: Document) -> list[types.DocumentSymbol]:
    return [_symbol(entry, document.positions) for entry in outline(document.file)]


def _symbol(entry: Entry, positions: Positions) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=entry.name or entry.kind,
        kind=_SYMBOLS.get(entry.kind, types.SymbolKind.Function),
        range=positions.range(entry.span),
        selection_range=positions.range(entry.place),
        children=[_symbol(inner, positions) for inner in entry.inside],
    )


def formatted(document: Document) -> list[types.TextEdit] | None:
    """None where the text is wrong, which its diagnostics say."""
    text = format_source(Source(document.shown, document.text))[0]
    if text is None:
        return None
    if text == document.text:
        return []
    return [types.TextEdit(document.positions.range(Span(0, len(document.text))), text)]


def fixes(document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
    found: list[types.CodeAction] = []
    for diagnostic in params.context.diagnostics:
        fix = fix_of(diagnostic)
        place = place_of(fix, document.text, document.positions.span(diagnostic.range)) if fix is not None else None
        if fix is None or place is None:
            continue
        edit = types.TextEdit(document.positions.range(place), fix.right)
        found.append(
            types.CodeAction(
                title=f"Write `{fix.right}`",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                is_preferred=True,
                edit=types.WorkspaceEdit(changes={document.uri: [edit]}),
            )
        )
    return found
