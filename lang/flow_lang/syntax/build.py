"""Builds the tree from what the parser reduces: one small function for each rule of the grammar, by its alias."""

import re
from typing import Any

from flow_lang.diagnostics import Report, Span
from flow_lang.source import Lines, Source
from flow_lang.syntax import tree
from flow_lang.syntax.layout import Layout
from flow_lang.syntax.lexer import Token, scan
from flow_lang.syntax.parser import Build, Parser
from flow_lang.syntax.settle import settle
from flow_lang.syntax.strangers import stranger
from flow_lang.syntax.texts import read_text

_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_NESTED = 20
"""How deep an expression inside a text may be."""


def parse_file(source: Source, report: Report) -> tree.File:
    """The tree of a whole file. Errors are in `report`; what could not be read is a `Wrong` item."""
    alien = _NO_TEXT.search(source.text)
    if alien is not None:
        name = "a NUL character" if alien[0] == "\0" else f"U+{ord(alien[0]):04X}, which is no character"
        hint = "a .flow file is UTF-8 text; is this the right file, saved in the right encoding?"
        report.error("FLOW106", f"the file holds {name}", Span(*alien.span()), "", hint)
        return tree.File(())
    if _misleading(source.text, report):
        return tree.File(())
    raw = Report(source.path)
    layout = Layout(scan(source.text), raw, len(source.text))
    tokens = layout.run()
    parser = Parser("file", _Builder(source.text, raw, layout.docs).table, raw)
    items = parser.parse(tokens)
    other = stranger(source.text, source.path) if raw.failed else None
    if other is not None:
        report.diagnostics.append(other)
        return tree.File(())
    report.diagnostics += (
        settle(raw.diagnostics, Lines(source.text), parser.headings, layout.unfinished) if raw.diagnostics else []
    )
    return tree.File(tuple(items or ()))


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


def _name(token: Token) -> tree.Name:
    return tree.Name(token.text, token.span)


class _Builder:
    def __init__(self, text: str, report: Report, docs: dict[int, str]) -> None:
        self.text, self.report, self.docs = text, report, docs
        self.table: dict[str, Build] = {
            name.removeprefix("on_"): getattr(self, name) for name in dir(self) if name.startswith("on_")
        }
        self.table |= dict.fromkeys(("string", "triple", "raw"), self.on_text)
        self.table |= {name: self._literal(name) for name in ("true", "false", "int", "float", "duration", "size")}
        self.table |= {
            "input": self.on_input,
            "secret": self.on_named,
            "pool": self.on_named_block,
        }
        self.table |= {"file": self.on_inside_file, "on_section": self.on_on_section}
        self.table |= {"field_end": self.on_none, "no_params": self.on_none, "no_items": self.on_no_items}

    # Lists and passing on.

    def on_none(self, parts: list[Any], span: Span) -> Any:
        return []

    def on_nothing(self, parts: list[Any], span: Span) -> Any:
        return None

    def on_no_items(self, parts: list[Any], span: Span) -> Any:
        return []

    def on_one(self, parts: list[Any], span: Span) -> Any:
        return [parts[0]]

    def on_all(self, parts: list[Any], span: Span) -> Any:
        return parts[0]

    def on_inside_file(self, parts: list[Any], span: Span) -> Any:
        return parts[0]

    def on_more(self, parts: list[Any], span: Span) -> Any:
        parts[0].append(parts[1])
        return parts[0]

    def on_more_after(self, parts: list[Any], span: Span) -> Any:
        parts[0].append(parts[2])
        return parts[0]

    def on_more_items(self, parts: list[Any], span: Span) -> Any:
        parts[0].append(parts[1])
        return parts[0]

    def on_same_items(self, parts: list[Any], span: Span) -> Any:
        return parts[0]

    def on_same(self, parts: list[Any], span: Span) -> Any:
        return parts[0]

    def on_second(self, parts: list[Any], span: Span) -> Any:
        return parts[1]

    def on_inside(self, parts: list[Any], span: Span) -> Any:
        return parts[1]

    def on_block(self, parts: list[Any], span: Span) -> Any:
        return tuple(parts[1])

    # Items of a file.

    def on_edition(self, parts: list[Any], span: Span) -> Any:
        return tree.Edition(parts[1].text, span)

    def on_import_plain(self, parts: list[Any], span: Span) -> Any:
        return tree.Import(parts[1], None, span)

    def on_import_as(self, parts: list[Any], span: Span) -> Any:
        return tree.Import(parts[1], _name(parts[3]), span)

    def on_from_import(self, parts: list[Any], span: Span) -> Any:
        return tree.FromImport(_name(parts[1]), parts[2], tuple(parts[4]), span)

    def on_imported_plain(self, parts: list[Any], span: Span) -> Any:
        return _name(parts[0]), _name(parts[0])

    def on_imported_as(self, parts: list[Any], span: Span) -> Any:
        return _name(parts[0]), _name(parts[2])

    def on_record_type(self, parts: list[Any], span: Span) -> Any:
        return tree.RecordType(_name(parts[1]), tuple(field for field in parts[3] if field is not None), span)

    def on_type_field(self, parts: list[Any], span: Span) -> Any:
        return _name(parts[0]), parts[2]

    def on_type_alias(self, parts: list[Any], span: Span) -> Any:
        return tree.TypeAliasItem(_name(parts[1]), parts[3], span)

    def on_policy(self, parts: list[Any], span: Span) -> Any:
        return tree.Policy(_name(parts[1]), parts[3], span)

    def on_workflow(self, parts: list[Any], span: Span) -> Any:
        _, name, params, result, items = parts
        return tree.WorkflowItem(_name(name), tuple(params), result, items, self._doc(span), span)

    def on_param(self, parts: list[Any], span: Span) -> Any:
        return tree.Parameter(_name(parts[0]), parts[2], None, self._doc(span), span)

    def on_param_default(self, parts: list[Any], span: Span) -> Any:
        return tree.Parameter(_name(parts[0]), parts[2], parts[4], self._doc(span), span)

    # Items of a workflow and a task.

    def on_task(self, parts: list[Any], span: Span) -> Any:
        return tree.TaskItem(_name(parts[1]), tuple(parts[2]), parts[3], self._doc(span), span)

    def on_result_clause(self, parts: list[Any], span: Span) -> Any:
        return tree.ResultClause(parts[1], span)

    def on_for_clause(self, parts: list[Any], span: Span) -> Any:
        return tree.ForClause(tuple(parts[1]), span)

    def on_when_clause(self, parts: list[Any], span: Span) -> Any:
        return tree.WhenClause(parts[1], span)

    def on_binding(self, parts: list[Any], span: Span) -> Any:
        return tree.Binding(tuple(_name(token) for token in parts[0]), parts[2], span)

    def on_shell(self, parts: list[Any], span: Span) -> Any:
        return tree.Body("shell", parts[1], parts[0].span, span)

    def on_python(self, parts: list[Any], span: Span) -> Any:
        return tree.Body("python", parts[1], parts[0].span, span)

    def on_http(self, parts: list[Any], span: Span) -> Any:
        return tree.HttpBody(_name(parts[1]), parts[2], (), parts[0].span, span)

    def on_http_block(self, parts: list[Any], span: Span) -> Any:
        return tree.HttpBody(_name(parts[1]), parts[2], parts[3], parts[0].span, span)

    def on_header(self, parts: list[Any], span: Span) -> Any:
        return tree.Header(parts[1], parts[3], span, parts[0].span)

    def on_test(self, parts: list[Any], span: Span) -> Any:
        return tree.TestItem(parts[1], parts[2], span, parts[0].span)

    def on_mock(self, parts: list[Any], span: Span) -> Any:
        return tree.Mock(_name(parts[1]), parts[3], span, parts[0].span)

    def on_call_body(self, parts: list[Any], span: Span) -> Any:
        return tree.CallBody(parts[1], span)

    def on_input_untyped(self, parts: list[Any], span: Span) -> Any:
        return tree.Input(_name(parts[1]), None, parts[3], span)

    def on_input(self, parts: list[Any], span: Span) -> Any:
        return tree.Input(_name(parts[1]), parts[3], parts[5], span)

    def on_output(self, parts: list[Any], span: Span) -> Any:
        return tree.Output(_name(parts[1]), parts[3], None, span)

    def on_output_path(self, parts: list[Any], span: Span) -> Any:
        return tree.Output(_name(parts[1]), parts[3], parts[5], span)

    def on_after(self, parts: list[Any], span: Span) -> Any:
        return tree.After(parts[1], span)

    def on_setting(self, parts: list[Any], span: Span) -> Any:
        return tree.Setting(_name(parts[0]), parts[2], span)

    def on_return_(self, parts: list[Any], span: Span) -> Any:
        return tree.Return(parts[1], span)

    def on_return_nothing(self, parts: list[Any], span: Span) -> Any:
        return tree.Return(None, span)

    # Items that are read and not built yet.

    def on_child(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (_name(parts[1]), tuple(parts[2]), parts[4]), (), span)

    def on_wait(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (_name(parts[1]), tuple(parts[2])), parts[3], span)

    def on_named(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (_name(parts[1]), parts[3]), (), span)

    def on_named_block(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (_name(parts[1]),), parts[2], span)

    def on_section(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (), parts[1], span)

    def on_on_section(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (_name(parts[1]),), parts[2], span)

    def on_word(self, parts: list[Any], span: Span) -> Any:
        return self._other(parts, (parts[1],), (), span)

    def on_wrong(self, parts: list[Any], span: Span) -> Any:
        return tree.Wrong((), span)

    def on_wrong_block(self, parts: list[Any], span: Span) -> Any:
        return tree.Wrong(parts[1], span)

    # Types.

    def on_optional_type(self, parts: list[Any], span: Span) -> Any:
        return tree.OptionalType(parts[0], span)

    def on_named_type(self, parts: list[Any], span: Span) -> Any:
        return tree.NamedType(parts[0].text, span)

    def on_foreign_type(self, parts: list[Any], span: Span) -> Any:
        return tree.ForeignType(_name(parts[0]), _name(parts[2]), span)

    def on_applied_type(self, parts: list[Any], span: Span) -> Any:
        return tree.AppliedType(_name(parts[0]), tuple(parts[2]), span)

    def on_enum_type(self, parts: list[Any], span: Span) -> Any:
        return tree.EnumType(_name(parts[0]), tuple(parts[2]), span)

    # Expressions.

    def on_binary(self, parts: list[Any], span: Span) -> Any:
        return tree.Binary(parts[1].text, parts[0], parts[2], parts[1].span, span)

    def on_not_in(self, parts: list[Any], span: Span) -> Any:
        inner = tree.Binary("in", parts[0], parts[3], parts[1].span.to(parts[2].span), span)
        return tree.Unary("not", inner, span)

    def on_is_(self, parts: list[Any], span: Span) -> Any:
        return tree.Is(parts[0], _name(parts[2]), False, span)

    def on_is_not(self, parts: list[Any], span: Span) -> Any:
        return tree.Is(parts[0], _name(parts[3]), True, span)

    def on_unary(self, parts: list[Any], span: Span) -> Any:
        return tree.Unary(parts[0].text, parts[1], span)

    def on_field(self, parts: list[Any], span: Span) -> Any:
        return tree.Field(parts[0], _name(parts[2]), span)

    def on_index(self, parts: list[Any], span: Span) -> Any:
        return tree.Index(parts[0], parts[2], span)

    def on_call(self, parts: list[Any], span: Span) -> Any:
        return tree.Call(parts[0], tuple(parts[2]), span)

    def on_arg(self, parts: list[Any], span: Span) -> Any:
        return tree.Argument(None, parts[0], span)

    def on_named_arg(self, parts: list[Any], span: Span) -> Any:
        return tree.Argument(_name(parts[0]), parts[2], span)

    def on_ref(self, parts: list[Any], span: Span) -> Any:
        return tree.Ref(parts[0].text, span)

    def on_list(self, parts: list[Any], span: Span) -> Any:
        return tree.ListOf(tuple(parts[1]), span)

    def on_record(self, parts: list[Any], span: Span) -> Any:
        return tree.Record(tuple(parts[1]), span)

    def on_pair(self, parts: list[Any], span: Span) -> Any:
        return _name(parts[0]), parts[2]

    def on_string_pair(self, parts: list[Any], span: Span) -> Any:
        text = self._text(parts[0])
        if text.plain is None:
            hint = "build such a map in a Python body"
            self.report.error("FLOW101", "the key of a map is a text without `~{}`", parts[0].span, "", hint)
        return tree.Name(text.plain or "", parts[0].span), parts[2]

    def on_text(self, parts: list[Any], span: Span) -> Any:
        return self._text(parts[0])

    def _literal(self, kind: str) -> Build:
        kind = "bool" if kind in ("true", "false") else kind
        return lambda parts, span: tree.Literal(kind, parts[0].text, span)

    def _text(self, token: Token) -> tree.Text:
        return read_text(token, self.text, self.report, self._parse_expr)

    def _parse_expr(self, start: int, end: int) -> Any:
        tokens = scan(self.text, start, end)
        if len(tokens) == 1 and tokens[0].kind == "NAME":
            return tree.Ref(tokens[0].text, tokens[0].span)  # by far the most frequent
        if not [token for token in tokens if token.kind not in ("NL", "COMMENT")]:
            hint = "put a name or an expression between the braces; a `~{` that is meant as text is written `~~{`"
            self.report.error("FLOW108", "this `~{}` is empty", Span(start - 2, end + 1), "", hint)
            return None
        kept = [token for token in tokens if token.kind != "NL"]
        layout = Layout(kept, self.report, end, _NESTED)
        layout.fresh = False  # no item starts here, so that a task called `test` can be named
        laid_out = [token for token in layout.run() if token.kind != "NL"]
        return Parser("expr", self.table, self.report).parse(laid_out)

    def _other(self, parts: list[Any], content: tuple[Any, ...], items: Any, span: Span) -> tree.Other:
        return tree.Other(parts[0].text, content, tuple(items), span, parts[0].span)

    def _doc(self, span: Span) -> str:
        return self.docs.get(span.start, "")
