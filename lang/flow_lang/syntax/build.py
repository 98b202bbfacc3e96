"""Builds the tree from what the parser reduces: one small function for each rule of the grammar, by its alias."""

import re
from typing import Any

from flow_lang.diagnostics import Diagnostic, Report, Span, in_file, in_files
from flow_lang.named import NamedTuple
from flow_lang.source import Lines, Source
from flow_lang.syntax import tree
from flow_lang.syntax.layout import Layout
from flow_lang.syntax.lexer import scan
from flow_lang.syntax.parser import Parser
from flow_lang.syntax.pieces import Pieces
from flow_lang.syntax.settle import settle
from flow_lang.syntax.strangers import stranger
from flow_lang.syntax.term_builder import TermBuilder, name_of
from flow_lang.syntax.words import Words

_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")


def parse_file(source: Source, report: Report, words: Words) -> tree.File:
    """The tree of a whole file. Errors are in `report`; what could not be read is a `Wrong` item."""
    return read_file(source, report, words)[0]


def read_file(source: Source, report: Report, words: Words, pieces: Pieces | None = None) -> tuple[tree.File, Lines]:
    """As `parse_file`, with the lines that the offsets of the tree count in. `pieces` are what has been read of an earlier version of the file,
    and are kept up to date."""
    lines = Lines(source.text)
    if _is_no_text(source.text, report) or _misleading(source.text, report):
        return tree.File(()), lines
    found = _parse(source, words) if pieces is None else _parse_pieces(source, words, pieces)
    raw = found.report
    other = stranger(source.text, source.path) if raw.failed else None
    if other is not None:
        report.diagnostics.append(other)
        return tree.File(()), lines
    lines = pieces.lines() if pieces is not None else lines
    report.diagnostics += _settled(found, lines) if raw.diagnostics else []
    return tree.File(tuple(found.items or ())), lines


class _Parsed(NamedTuple):
    """`headings` and `unfinished` as in `settle`."""

    items: list[Any] | None
    report: Report
    headings: set[Span]
    unfinished: Span | None


def _parse(source: Source, words: Words) -> _Parsed:
    raw = Report(source.path)
    layout = Layout(scan(source.text), raw, len(source.text), words)
    tokens = layout.run()
    parser = Parser("file", _Builder(source.text, raw, layout.docs).table, raw, words)
    return _Parsed(parser.parse(tokens), raw, parser.headings, layout.unfinished)


def _parse_pieces(source: Source, words: Words, pieces: Pieces) -> _Parsed:
    layout, parts = pieces.lay_out(source, words)
    raw = layout.report
    parser = Parser("file", _Builder(pieces.text, raw, layout.docs).table, raw, words)
    return _Parsed(pieces.parse(parser, layout, parts), raw, parser.headings, layout.unfinished)


def _settled(found: _Parsed, lines: Lines) -> list[Diagnostic]:
    """What is told of the errors. That depends on where they are in the file, and not in the text of the tree."""
    moved = [in_files(one, {one.path: lines}) for one in found.report.diagnostics]
    headings = {in_file(span, lines) for span in found.headings}
    unfinished = in_file(found.unfinished, lines) if found.unfinished is not None else None
    told = settle(moved, Lines(lines.file), headings, unfinished)
    return [found.report.diagnostics[next(at for at, one in enumerate(moved) if one is each)] for each in told]


def _is_no_text(text: str, report: Report) -> bool:
    alien = _NO_TEXT.search(text)
    if alien is None:
        return False
    name = "a NUL character" if alien[0] == "\0" else f"U+{ord(alien[0]):04X}, which is no character"
    hint = "a .flow file is UTF-8 text; is this the right file, saved in the right encoding?"
    report.error("FLOW106", f"the file holds {name}", Span(*alien.span()), "", hint)
    return True


def _misleading(text: str, report: Report) -> bool:
    """Characters that turn the direction of writing make a text look other than what it says; also in texts and comments."""
    if text.isascii():
        return False
    found = list(_TURNING.finditer(text))
    for match in found:
        message = f"the character U+{ord(match[0]):04X} makes this line look other than it is"
        hint = f"remove it; in a short text it may be written \\u{{{ord(match[0]):X}}}"
        report.error("FLOW102", message, Span(*match.span()), "turns the direction of writing", hint)
    return bool(found)


class _Builder(TermBuilder):
    def __init__(self, text: str, report: Report, docs: dict[int, str]) -> None:
        self.docs = docs
        super().__init__(text, report)
        self.table |= {"file": self.on_inside_file, "on_section": self.on_on_section}

    # Items of a file.

    def on_edition(self, parts: list[Any], span: Span) -> Any:
        return tree.Edition(parts[1].text, span)

    def on_import_plain(self, parts: list[Any], span: Span) -> Any:
        return tree.Import(parts[1], None, span)

    def on_import_as(self, parts: list[Any], span: Span) -> Any:
        return tree.Import(parts[1], name_of(parts[3]), span)

    def on_from_import(self, parts: list[Any], span: Span) -> Any:
        return tree.FromImport(name_of(parts[1]), parts[2], tuple(parts[4]), span)

    def on_imported_plain(self, parts: list[Any], span: Span) -> Any:
        return name_of(parts[0]), name_of(parts[0])

    def on_imported_as(self, parts: list[Any], span: Span) -> Any:
        return name_of(parts[0]), name_of(parts[2])

    def on_record_type(self, parts: list[Any], span: Span) -> Any:
        return tree.RecordType(name_of(parts[1]), tuple(field for field in parts[3] if field is not None), span)

    def on_type_field(self, parts: list[Any], span: Span) -> Any:
        return name_of(parts[0]), parts[2]

    def on_type_alias(self, parts: list[Any], span: Span) -> Any:
        return tree.TypeAliasItem(name_of(parts[1]), parts[3], span)

    def on_policy(self, parts: list[Any], span: Span) -> Any:
        return tree.Policy(name_of(parts[1]), parts[3], span)

    def on_workflow(self, parts: list[Any], span: Span) -> Any:
        _, name, params, result, items = parts
        return tree.WorkflowItem(name_of(name), tuple(params), result, items, self._doc(span), span)

    def on_param(self, parts: list[Any], span: Span) -> Any:
        return tree.Parameter(name_of(parts[0]), parts[2], None, self._doc(span), span)

    def on_param_default(self, parts: list[Any], span: Span) -> Any:
        return tree.Parameter(name_of(parts[0]), parts[2], parts[4], self._doc(span), span)

    # Items of a workflow and a task.

    def on_task(self, parts: list[Any], span: Span) -> Any:
        return tree.TaskItem(name_of(parts[1]), tuple(parts[2]), parts[3], self._doc(span), span)

    def on_result_clause(self, parts: list[Any], span: Span) -> Any:
        return tree.ResultClause(parts[1], span)

    def on_for_clause(self, parts: list[Any], span: Span) -> Any:
        return tree.ForClause(tuple(parts[1]), span)

    def on_when_clause(self, parts: list[Any], span: Span) -> Any:
        return tree.WhenClause(parts[1], span)

    def on_binding(self, parts: list[Any], span: Span) -> Any:
        return tree.Binding(tuple(name_of(token) for token in parts[0]), parts[2], span)

    def on_kind(self, parts: list[Any], span: Span) -> Any:
        return tree.KindBody(name_of(parts[0]), None, parts[1], None, span)

    def on_kind_block(self, parts: list[Any], span: Span) -> Any:
        return tree.KindBody(name_of(parts[0]), None, parts[1], parts[2], span)

    def on_kind_verb(self, parts: list[Any], span: Span) -> Any:
        return tree.KindBody(name_of(parts[0]), name_of(parts[1]), parts[2], None, span)

    def on_kind_verb_block(self, parts: list[Any], span: Span) -> Any:
        return tree.KindBody(name_of(parts[0]), name_of(parts[1]), parts[2], parts[3], span)

    def on_said_call(self, parts: list[Any], span: Span) -> Any:
        return tree.Call(tree.Ref(parts[0].text, parts[0].span), tuple(parts[2]), span)

    def on_header(self, parts: list[Any], span: Span) -> Any:
        return tree.Header(parts[1], parts[3], span, parts[0].span)

    def on_test(self, parts: list[Any], span: Span) -> Any:
        return tree.TestItem(parts[1], parts[2], span, parts[0].span)

    def on_mock(self, parts: list[Any], span: Span) -> Any:
        return tree.Mock(name_of(parts[1]), parts[3], span, parts[0].span)

    def on_call_body(self, parts: list[Any], span: Span) -> Any:
        return tree.CallBody(parts[1], span)

    def on_input_untyped(self, parts: list[Any], span: Span) -> Any:
        return tree.Input(name_of(parts[1]), None, parts[3], span)

    def on_input(self, parts: list[Any], span: Span) -> Any:
        return tree.Input(name_of(parts[1]), parts[3], parts[5], span)

    def on_output(self, parts: list[Any], span: Span) -> Any:
        return tree.Output(name_of(parts[1]), parts[3], None, span)

    def on_output_path(self, parts: list[Any], span: Span) -> Any:
        return tree.Output(name_of(parts[1]), parts[3], parts[5], span)

    def on_after(self, parts: list[Any], span: Span) -> Any:
        return tree.After(parts[1], span)

    def on_setting(self, parts: list[Any], span: Span) -> Any:
        return tree.Setting(name_of(parts[0]), parts[2], span)

    def on_return_(self, parts: list[Any], span: Span) -> Any:
        return tree.Return(parts[1], span)

    def on_return_nothing(self, parts: list[Any], span: Span) -> Any:
        return tree.Return(None, span)

    # Other items of a workflow.

    def on_child(self, parts: list[Any], span: Span) -> Any:
        return tree.CallItem(name_of(parts[1]), tuple(parts[2]), parts[4], self._doc(span), span)

    def on_wait(self, parts: list[Any], span: Span) -> Any:
        return tree.WaitItem(name_of(parts[1]), tuple(parts[2]), parts[3], self._doc(span), span)

    def on_secret(self, parts: list[Any], span: Span) -> Any:
        return tree.SecretItem(name_of(parts[1]), parts[3], span)

    def on_pool(self, parts: list[Any], span: Span) -> Any:
        return tree.PoolItem(name_of(parts[1]), parts[2], span)

    def on_section(self, parts: list[Any], span: Span) -> Any:
        return tree.Section(name_of(parts[0]), parts[1], span)

    def on_on_section(self, parts: list[Any], span: Span) -> Any:
        return tree.OnItem(name_of(parts[1]), parts[2], name_of(parts[0]), span)

    def on_word(self, parts: list[Any], span: Span) -> Any:
        if parts[0].text == "dead_letter":
            return tree.DeadLetter(parts[1], name_of(parts[0]), span)
        return self._other(parts, (parts[1],), (), span)

    def on_wrong(self, parts: list[Any], span: Span) -> Any:
        return tree.Wrong((), span)

    def on_wrong_block(self, parts: list[Any], span: Span) -> Any:
        return tree.Wrong(parts[1], span)

    def _other(self, parts: list[Any], content: tuple[Any, ...], items: Any, span: Span) -> tree.Other:
        return tree.Other(parts[0].text, content, tuple(items), span, parts[0].span)

    def _doc(self, span: Span) -> str:
        return self.docs.get(span.start, "")
