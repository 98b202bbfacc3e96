"""Builds types and expressions from what the parser reduces: one small function for each rule of the grammar, by its alias."""

from typing import Any

from flow_lang.diagnostics import Report, Span
from flow_lang.syntax import tree
from flow_lang.syntax.layout import Layout
from flow_lang.syntax.lexer import Token, scan
from flow_lang.syntax.parser import Build, Parser
from flow_lang.syntax.texts import read_text

_NESTED = 20
"""How deep an expression inside a text may be."""


def name_of(token: Token) -> tree.Name:
    return tree.Name(token.text, token.span)


class TermBuilder:
    """`table` holds the functions of a subclass as well, by alias."""

    def __init__(self, text: str, report: Report) -> None:
        self.text, self.report = text, report
        self.table: dict[str, Build] = {
            name.removeprefix("on_"): getattr(self, name) for name in dir(self) if name.startswith("on_")
        }
        self.table |= dict.fromkeys(("string", "triple", "raw"), self.on_text)
        self.table |= {name: self._literal(name) for name in ("true", "false", "int", "float", "duration", "size")}
        self.table |= {"field_end": self.on_none, "no_params": self.on_none}

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

    # Types.

    def on_optional_type(self, parts: list[Any], span: Span) -> Any:
        return tree.OptionalType(parts[0], span)

    def on_named_type(self, parts: list[Any], span: Span) -> Any:
        return tree.NamedType(parts[0].text, span)

    def on_foreign_type(self, parts: list[Any], span: Span) -> Any:
        return tree.ForeignType(name_of(parts[0]), name_of(parts[2]), span)

    def on_applied_type(self, parts: list[Any], span: Span) -> Any:
        return tree.AppliedType(name_of(parts[0]), tuple(parts[2]), span)

    def on_enum_type(self, parts: list[Any], span: Span) -> Any:
        return tree.EnumType(name_of(parts[0]), tuple(parts[2]), span)

    # Expressions.

    def on_binary(self, parts: list[Any], span: Span) -> Any:
        return tree.Binary(parts[1].text, parts[0], parts[2], parts[1].span, span)

    def on_not_in(self, parts: list[Any], span: Span) -> Any:
        inner = tree.Binary("in", parts[0], parts[3], parts[1].span.to(parts[2].span), span)
        return tree.Unary("not", inner, span)

    def on_is_(self, parts: list[Any], span: Span) -> Any:
        return tree.Is(parts[0], name_of(parts[2]), False, span)

    def on_is_not(self, parts: list[Any], span: Span) -> Any:
        return tree.Is(parts[0], name_of(parts[3]), True, span)

    def on_unary(self, parts: list[Any], span: Span) -> Any:
        return tree.Unary(parts[0].text, parts[1], span)

    def on_field(self, parts: list[Any], span: Span) -> Any:
        return tree.Field(parts[0], name_of(parts[2]), span)

    def on_index(self, parts: list[Any], span: Span) -> Any:
        return tree.Index(parts[0], parts[2], span)

    def on_call(self, parts: list[Any], span: Span) -> Any:
        return tree.Call(parts[0], tuple(parts[2]), span)

    def on_arg(self, parts: list[Any], span: Span) -> Any:
        return tree.Argument(None, parts[0], span)

    def on_named_arg(self, parts: list[Any], span: Span) -> Any:
        return tree.Argument(name_of(parts[0]), parts[2], span)

    def on_ref(self, parts: list[Any], span: Span) -> Any:
        return tree.Ref(parts[0].text, span)

    def on_list(self, parts: list[Any], span: Span) -> Any:
        return tree.ListOf(tuple(parts[1]), span)

    def on_record(self, parts: list[Any], span: Span) -> Any:
        return tree.Record(tuple(parts[1]), span)

    def on_pair(self, parts: list[Any], span: Span) -> Any:
        return name_of(parts[0]), parts[2]

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
        layout = Layout(kept, self.report, end, deepest=_NESTED)
        layout.fresh = False  # no item starts here, so that a task called `test` can be named
        laid_out = [token for token in layout.run() if token.kind != "NL"]
        return Parser("expr", self.table, self.report).parse(laid_out)
