"""The URL of an `http` body: literal parts and values, each percent-encoded unless it is the base of the URL."""

import re

from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.expressions.names import called, shown
from flow_lang.diagnostics import Span
from flow_lang.syntax import tree
from flow_lang.types import Type

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(\w+)://")
_ALIEN = re.compile(r"[^!-~]")
_COMPOUND = ("list", "map", "record", "file", "dir", "json")


def url_parts(url: tree.Text, expressions: Expressions) -> tuple[str | list[object], ...]:
    """The parts in the plan's form."""
    return tuple(_Url(expressions).parts(url))


class _Url:
    def __init__(self, expressions: Expressions) -> None:
        self.expressions, self.report = expressions, expressions.report

    def parts(self, url: tree.Text) -> list[str | list[object]]:
        made: list[str | list[object]] = []
        self._start(url)
        for at, part in enumerate(url.parts):
            if isinstance(part, tree.Chunk):
                self._literal(part)
                made.append(part.text)
            else:
                made.append(self._value(part, at == 0))
        return made

    def _start(self, url: tree.Text) -> None:
        first = url.parts[0] if url.parts else None
        if first is not None and not isinstance(first, tree.Chunk):
            return
        text = first.text if first is not None else ""
        if _SCHEME.match(text) and (len(text) > len("https://") or len(url.parts) > 1):
            return
        other = _OTHER_SCHEME.match(text)
        if other is not None and other[1].lower() not in ("http", "https"):
            message, hint = f"`{other[1]}` is no protocol of `http`", "begin it with https:// or http://"
        elif not text or _SCHEME.match(text):
            message, hint = "the URL names no server", "write for example https://api.example.com/orders"
        else:
            message = "this URL does not say its protocol"
            rest = "..." if len(url.parts) > 1 or len(text) > 40 else ""
            hint = f"begin it with https://, as in https://{text.lstrip('/')[:40]}{rest}"
        span = first.span if first is not None else url.span
        self.report.error("FLOW330", message, Span(span.start, max(span.end, span.start + 1)), "", hint)

    def _literal(self, part: tree.Chunk) -> None:
        alien = _ALIEN.search(part.text)
        if alien is None:
            return
        char = alien[0]
        named = (
            "a line break"
            if char == "\n"
            else "a space"
            if char == " "
            else f"`{char}`"
            if char.isprintable()
            else f"U+{ord(char):04X}"
        )
        hint = (
            f'a value is encoded when it is put in: ~{{"{char}"}}, or write it encoded'
            if char.isprintable()
            else "remove it"
        )
        at = part.span.start + alien.start()
        span = Span(at, at + 1) if len(part.text) == part.span.end - part.span.start else part.span
        self.report.error("FLOW330", f"{named} cannot stand in a URL as it is", span, "", hint)

    def _value(self, node: tree.Expr, first: bool) -> list[object]:
        raw = called(node, "raw")
        inner = raw.args[0].value if raw is not None and len(raw.args) == 1 else node
        checked = self.expressions.required(inner)
        if raw is not None and inner is not node:
            hint = "leave `raw` out where one part is meant; the value is then percent-encoded"
            self.report.warning("FLOW501", "`raw` puts a value into the URL as it is", node.span, "not encoded", hint)
            return ["url", "raw", checked.expr]
        if checked.type.kind in _COMPOUND:
            self._compound(inner, checked.type)
        elif first and checked.type.kind not in ("str", "unknown"):
            hint = "begin it with https://, or with a text that holds the address of a server"
            self.report.error("FLOW330", "a URL begins with a protocol", inner.span, f"this is `{checked.type}`", hint)
        return ["url", "raw" if first else "word", checked.expr]

    def _compound(self, node: tree.Expr, type_: Type) -> None:
        named = shown(node)
        hint = {
            "list": f'say how it is meant: ~{{join({named}, ",")}}, or query = {{ name = {named} }} for one `name=` each',
            "file": f"a file has ~{{{named}.name}} and ~{{{named}.path}}; it is sent with body = {named}",
            "dir": f"a folder has ~{{{named}.name}} and ~{{{named}.path}}",
            "json": f"say what it holds: in x: str = {named}",
        }.get(type_.kind, f"put in its parts one by one, or query = {named}; ~{{json({named})}} is its text")
        self.report.error("FLOW307", f"a {type_.kind} is not one part of a URL", node.span, f"this is `{type_}`", hint)
