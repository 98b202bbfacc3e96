"""`notify webhook(...)` and `notify email(...)`."""

from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.kind import Kind, Tools
from flow_lang.checks.settings.arguments import arguments
from flow_lang.plan import Body, Expr
from flow_lang.suggest import did_you_mean
from flow_lang.syntax import tree
from flow_lang.types import STR, list_of

_TAKES = {"webhook": (("url",), ("text", "secret")), "email": (("to",), ("subject", "text"))}
_EXAMPLES = {
    "webhook": 'notify webhook("https://example.com/hook", text = "~{run.workflow} failed")',
    "email": 'notify email("ops@example.com", subject = "~{run.workflow} failed")',
}


def _check(body: tree.KindBody, tools: Tools) -> Body:
    return _Notice(body, tools.expressions).body()


class _Notice:
    def __init__(self, item: tree.KindBody, expressions: Expressions) -> None:
        self.item, self.expressions, self.report = item, expressions, expressions.report
        node = item.value
        self.kind = node.target.name if isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) else ""

    def body(self) -> Body:
        call = self.item.value
        if not isinstance(call, tree.Call) or self.kind not in _TAKES:
            hint = did_you_mean(self.kind, _TAKES, f"write {_EXAMPLES['webhook']}")
            span = call.target.span if isinstance(call, tree.Call) else call.span
            self.report.error("FLOW204", "`notify` takes webhook(...) or email(...)", span, "", hint)
            return Body("notify")
        positional, keys = _TAKES[self.kind]
        named = arguments(self.report, call, self.kind, positional, keys)
        if named is None:
            return Body("notify", function=self.kind)
        if positional[0] not in named:
            hint = f"write {_EXAMPLES[self.kind]}"
            self.report.error("FLOW304", f"`{self.kind}(...)` needs `{positional[0]}`", call.span, "", hint)
            return Body("notify", function=self.kind)
        return Body("notify", function=self.kind, args=tuple(self._arguments(named).items()))

    def _arguments(self, named: dict[str, tree.Expr]) -> dict[str, Expr]:
        """A text or subject that the file does not say is made by whoever sends it."""
        found: dict[str, Expr] = {}
        if self.kind == "webhook":
            found["url"] = self._url(named["url"])
        else:
            found["to"] = self._to(named["to"])
        found |= {name: self._text(named[name]) for name in ("subject", "text") if name in named}
        if "secret" in named:
            found["secret"] = self._secret(named["secret"])
        return found

    def _text(self, node: tree.Expr) -> Expr:
        """Secrets may stand in it: it is made by the worker that sends it."""
        with self.expressions.scope.with_secrets():
            return self.expressions.expect(node, STR, "a text").expr

    def _url(self, node: tree.Expr) -> Expr:
        plain = node.plain if isinstance(node, tree.Text) else None
        if plain is not None and not plain.startswith(("http://", "https://")):
            hint = "write for example https://example.com/hook"
            self.report.error(
                "FLOW310", "the address of a webhook begins with https:// or http://", node.span, "", hint
            )
        return self._text(node)

    def _to(self, node: tree.Expr) -> Expr:
        """Always a list in the plan."""
        texts = node.items if isinstance(node, tree.ListOf) else (node,)
        for text in texts:
            if isinstance(text, tree.Text) and text.plain is not None and "@" not in text.plain:
                hint = "write for example ops@example.com"
                self.report.error("FLOW310", "this is no address of e-mail", text.span, "", hint)
        if isinstance(node, tree.Text):
            return ["list", self._text(node)]
        checked = self.expressions.required(node, list_of(STR))
        if checked.type == STR:
            return ["list", checked.expr]
        if checked.type.kind != "unknown" and checked.type != list_of(STR):
            self.expressions.mismatch(node, checked.type, list_of(STR), "`to`", ())
        return checked.expr

    def _secret(self, node: tree.Expr) -> Expr:
        symbols = self.expressions.scope.symbols
        if isinstance(node, tree.Ref) and node.name in symbols and symbols[node.name].kind == "secret":
            with self.expressions.scope.with_secrets():
                return self.expressions.infer(node).expr
        hint = 'declare one in the workflow, secret hook_key = env("HOOK_KEY"), and write secret = hook_key'
        self.report.error("FLOW310", "the key that a webhook is signed with is a secret", node.span, "", hint)
        return ["lit", ""]


KIND = Kind(
    "notify",
    _check,
    example=_EXAMPLES["webhook"],
    hint='it is written: notify webhook("https://example.com/hook", text = "~{error.task} failed")',
    takes="webhook(...) or email(...)",
    errors=("connection", "http_4xx", "http_5xx", "http_N", "smtp", "smtp_not_set"),
    notice=True,
    limits=(),
)
