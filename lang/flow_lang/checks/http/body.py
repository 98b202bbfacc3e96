"""`http` bodies: the method, the URL, and what the block says about the request."""

import re
from typing import Any

from flow_lang import plan
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.http.url import url_parts
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.diagnostics import Label, Span
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import INT, JSON, STR, Type, list_of, present

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
SETTINGS = ("query", "body", "form", "expect")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TEXTS = ("str", "int", "float", "bool", "date", "datetime", "duration", "size", "enum", "secret", "unknown")
_MEANT = {
    "data": "body",
    "json": "body",
    "payload": "body",
    "content": "body",
    "params": "query",
    "parameters": "query",
    "search": "query",
    "status": "expect",
    "statuses": "expect",
    "ok": "expect",
    "files": "form",
    "fields": "form",
}
_OF_THE_TASK = ("retry", "timeout", "delay", "priority", "optional", "pool", "cache", "deadline", "labels")


def http_body(body: tree.KindBody, expressions: Expressions, fixed: FixedValues) -> plan.Body:
    """The plan's form of an `http` item."""
    return _Request(expressions, fixed).read(body)


class _Request:
    def __init__(self, expressions: Expressions, fixed: FixedValues) -> None:
        self.expressions, self.report, self.fixed = expressions, expressions.report, fixed

    def read(self, body: tree.KindBody) -> plan.Body:
        parts = url_parts(body.text, self.expressions)
        headers = [self._header(item) for item in body.items if isinstance(item, tree.Header)]
        given: dict[str, tree.Setting] = {}
        for item in body.items:
            if isinstance(item, tree.Setting):
                self._setting(item, given)
            elif not isinstance(item, tree.Header | tree.Wrong):
                hint = "it holds headers and the settings query, body, form and expect; all else belongs in the task"
                self.report.error("FLOW111", "this has no place in an `http` block", _heading(item), "", hint)
        self._twice(body)
        payload, kind = self._payload(given)
        return plan.Body(
            "http",
            parts=parts,
            function=self._method(body.verb),
            headers=tuple(headers),
            query=tuple(self._query(given["query"].value)) if "query" in given else (),
            payload=payload,
            payload_kind=kind,
            expect=self._expect(given["expect"].value) if "expect" in given else (),
        )

    def _method(self, name: tree.Name | None) -> str:
        if name is None or name.text in METHODS:
            return name.text if name is not None else METHODS[0]
        upper = name.text.upper()
        hint = (
            f"write it in capital letters: {upper}"
            if upper in METHODS
            else did_you_mean(upper, METHODS, f"the methods are {listed(METHODS)}")
        )
        self.report.error("FLOW230", f"there is no HTTP method `{name.text}`", name.span, "not found", hint)
        return "GET"

    def _setting(self, item: tree.Setting, given: dict[str, tree.Setting]) -> None:
        name = item.name.text
        if name in given:
            first = (Label(given[name].name.span, "first here"),)
            self.report.error("FLOW202", f"`{name}` is set twice", item.name.span, "again here", "remove one", first)
        elif name in SETTINGS:
            given[name] = item
        else:
            hint = did_you_mean(name, SETTINGS, f"its settings are {listed(SETTINGS)}")
            if name in _OF_THE_TASK:
                hint = f"`{name}` is a setting of the task: move it out of the braces of `http`"
            elif name.lower() in ("headers", "header"):
                hint = 'headers are written one by one: header "Accept" = "text/csv"'
            elif name in _MEANT:
                hint = f"did you mean `{_MEANT[name]}`?"
            self.report.error("FLOW203", f"an `http` block has no setting `{name}`", item.name.span, "", hint)

    def _header(self, item: tree.Header) -> tuple[str, plan.Expr]:
        name = item.name.plain
        if name is None or not _TOKEN.fullmatch(name):
            hint = 'write for example header "Authorization" = "Bearer ~{token}"'
            message = "the name of a header is a fixed text of letters, digits and `-`"
            self.report.error("FLOW331", message, item.name.span, "", hint)
        value = self.expressions.infer(item.value, STR)
        if value.type.kind != "secret":
            value = self.expressions.expect_type(item.value, value, STR, f'the header "{name}"')
        return name or "", value.expr

    def _twice(self, body: tree.KindBody) -> None:
        """A header that is given twice would be sent twice, or not: servers differ."""
        first: dict[str, Span] = {}
        for item in body.items:
            if not isinstance(item, tree.Header):
                continue
            name = (item.name.plain or "").lower()
            if name in first:
                labels = (Label(first[name], "first here"),)
                hint = "put both values into one, with a comma between"
                self.report.error(
                    "FLOW202",
                    f'the header "{item.name.plain}" is given twice',
                    item.name.span,
                    "again here",
                    hint,
                    labels,
                )
            first.setdefault(name, item.name.span)

    def _query(self, node: tree.Expr) -> list[tuple[str, plan.Expr]]:
        if not isinstance(node, tree.Record):
            hint = "write the names in braces: query = { page = 1, region = region }"
            self.report.error("FLOW331", "`query` is a record with fixed names", node.span, "", hint)
            return []
        checked = self.expressions.infer(node)
        self._fields(node, checked.type, "the query")
        return [(name, expr) for name, expr in checked.expr[1:]]

    def _fields(self, node: tree.Expr, type_: Type, where: str) -> None:
        """A query and a form hold texts: scalars, lists of them (the name once for each), and absent ones, which are left out."""
        values = (
            dict(zip(type_.names, type_.fields, strict=True)) if type_.kind == "record" else {"": type_.item or type_}
        )
        spans = {name.text: value.span for name, value in node.fields} if isinstance(node, tree.Record) else {}
        for name, field in values.items():
            inner = present(field)
            inner = present(inner.item) if inner.kind == "list" and inner.item else inner
            if inner.kind not in _TEXTS:
                hint = "send it as JSON with `body = ...`, or as its text with json(...)"
                what = f"`{name}`" if name else "what it holds"
                message = f"{what} cannot stand in {where}, because it is `{field}`"
                self.report.error("FLOW331", message, spans.get(name, node.span), f"this is `{field}`", hint)

    def _payload(self, given: dict[str, tree.Setting]) -> tuple[plan.Expr | None, str]:
        if "body" in given and "form" in given:
            first, second = sorted((given["body"].name.span, given["form"].name.span))
            hint = "`form` sends the fields of a web form, `body` a text, a file or JSON; keep one"
            label = (Label(first, "the first is here"),)
            self.report.error("FLOW331", "a request has either a `body` or a `form`", second, "", hint, label)
            return None, ""
        if "form" in given:
            return self._form(given["form"].value), "form"
        if "body" not in given:
            return None, ""
        node = given["body"].value
        checked = self.expressions.required(node, JSON)
        kind = checked.type.kind
        if kind == "dir":
            hint = "pack it in a task before, and send the file"
            self.report.error("FLOW331", "a folder cannot be sent", node.span, "this is `dir`", hint)
        return checked.expr, {"str": "text", "enum": "text", "secret": "text", "file": "file"}.get(kind, "json")

    def _form(self, node: tree.Expr) -> plan.Expr:
        checked = self.expressions.required(node)
        if checked.type.kind in ("record", "map"):
            self._fields(node, checked.type, "a form")
        elif checked.type.kind != "unknown":
            hint = "write the fields in braces: form = { user = name, day = day }"
            self.report.error("FLOW331", "`form` is a record or a map", node.span, f"this is `{checked.type}`", hint)
        return checked.expr

    def _expect(self, node: tree.Expr) -> tuple[int, ...]:
        hint = "write the statuses that are no failure: expect = [200, 404]"
        many = isinstance(node, tree.ListOf)
        found: Any = self.fixed.value(node, list_of(INT) if many else INT, "`expect`", hint)
        if found is None:
            return ()
        codes = tuple(found) if many else (found,)
        if not codes or any(not 100 <= code <= 599 for code in codes):
            parts = node.items if isinstance(node, tree.ListOf) else ()
            wrong = next((part for part, code in zip(parts, codes, strict=True) if not 100 <= code <= 599), node)
            self.fixed.wrong(wrong, "a status of HTTP is from 100 to 599", hint)
        return codes


def _heading(item: tree.Item) -> Span:
    word = getattr(item, "word", None) or getattr(item, "name", None)
    span = getattr(word, "span", word)
    return span if isinstance(span, Span) else item.span
