"""Shell bodies: the script in parts, each interpolated value with the quoting that it needs."""

from flow_lang.checks.expressions.core import Checked, Expressions
from flow_lang.checks.expressions.names import shown
from flow_lang.checks.shell.scanner import ShellScanner
from flow_lang.diagnostics import Report
from flow_lang.plan import Body, Expr
from flow_lang.syntax import tree
from flow_lang.types import Type

SHELLS = ("", "sh", "bash", "dash", "zsh", "ksh", "ash")

_REFUSED = {
    "single": (
        "inside single quotes a value cannot be made safe",
        "leave the single quotes out: ~{{{0}}} is always exactly one word",
    ),
    "quoted_heredoc": (
        "inside a quoted here-document a value cannot be made safe",
        "leave the quotes of its delimiter out (`<<EOF`), or pass a file: ~{{json_file({0})}}",
    ),
    "comment": ("a value has no place in a shell comment", "say it with echo, or leave it out"),
    "backtick": ("inside backticks a value cannot be made safe", "write $( ) for the backticks"),
    "brace_in_double": (
        'inside "${{...}}" a value cannot be made safe',
        "give it a shell variable first: v=~{{{0}}}; then use $v",
    ),
}


def is_shell(with_: str) -> bool:
    """Whether an interpreter takes the syntax of a shell."""
    return with_.rsplit("/", 1)[-1].split(" ")[0] in SHELLS


def shell_body(text: tree.Text, with_: str, expressions: Expressions) -> Body:
    """The plan's form of a `shell` body. `with_` is its interpreter."""
    parts = _Script(with_, expressions, expressions.report).parts(text)
    return Body("shell", parts=tuple(parts), with_=with_)


class _Script:
    def __init__(self, with_: str, expressions: Expressions, report: Report) -> None:
        self.with_, self.expressions, self.report = with_, expressions, report
        self.is_shell = is_shell(with_)
        self.scanner = ShellScanner()

    def parts(self, text: tree.Text) -> list[str | list[object]]:
        made: list[str | list[object]] = []
        for part in text.parts:
            if isinstance(part, tree.Chunk):
                self.scanner.feed(part.text)
                made.append(part.text)
            else:
                made.append(self._value(part) if self.is_shell else self._foreign(part))
                self.scanner.interpolate()
        return made

    def _value(self, node: tree.Expr) -> list[object]:
        how, inner = _how(node)
        context = self.scanner.context
        if context in _REFUSED:
            self._refuse(node, context)
            with self.expressions.scope.with_secrets():
                self.expressions.infer(inner)
            return ["bare", "word", ["lit", ""]]
        secret = self._secret(node)
        if secret is not None:
            return [context, "secret", secret]
        checked = self.expressions.required(inner)
        if how == "words":
            self._words(node, inner, checked, context)
        elif how == "raw" and checked.type.kind != "unknown":
            hint = "leave `raw` out where one word is meant; the value is then quoted"
            self.report.warning("FLOW501", "`raw` puts a value into the script as it is", node.span, "not quoted", hint)
        elif context == "arithmetic":
            self._arithmetic(inner, checked)
        elif checked.type.kind in ("list", "map", "record"):
            self._compound(inner, checked.type)
        return ["double" if context == "arithmetic" else context, how, checked.expr]

    def _secret(self, node: tree.Expr) -> Expr | None:
        """A secret goes by the environment, and so alone, not as a part of an expression."""
        symbols = self.expressions.scope.symbols
        symbol = symbols.get(node.name) if isinstance(node, tree.Ref) else None
        if symbol is None or symbol.kind != "secret":
            return None
        if self.scanner.context == "arithmetic":
            hint = f"put it into a variable first: v=~{{{symbol.name}}}"
            self.expressions.scope.refuse_secret(symbol, node.span, hint)
            return ["lit", ""]
        with self.expressions.scope.with_secrets():
            return self.expressions.infer(node).expr

    def _foreign(self, node: tree.Expr) -> list[object]:
        """In another language shell quoting means nothing; JSON texts are literals in most."""
        how, inner = _how(node)
        is_json = isinstance(inner, tree.Call) and isinstance(inner.target, tree.Ref) and inner.target.name == "json"
        checked = self.expressions.required(inner)
        if how != "raw" and not is_json:
            hint = f"write it as a JSON literal: ~{{json({shown(inner)})}}"
            message = f"a value in a `{self.with_}` script needs json(...) or raw(...)"
            self.report.error("FLOW308", message, node.span, "shell quoting means nothing there", hint)
        return ["bare", "raw", checked.expr]

    def _refuse(self, node: tree.Expr, context: str) -> None:
        message, hint = _REFUSED[context]
        self.report.error("FLOW308", message.format(""), node.span, "", hint.format(shown(node)))

    def _words(self, node: tree.Expr, inner: tree.Expr, checked: Checked, context: str) -> None:
        if checked.type.kind not in ("list", "unknown"):
            hint = f"write ~{{{shown(inner)}}}; one value is always one word"
            message = f"`words` takes a list, and this is `{checked.type}`"
            self.report.error("FLOW301", message, inner.span, f"this is `{checked.type}`", hint)
        elif context != "bare":
            hint = "close the quotes before it; each element is quoted by itself"
            self.report.error("FLOW308", "`words(...)` stands outside of quotes", node.span, "", hint)
        elif checked.type.item is not None and checked.type.item.kind == "optional":
            hint = "leave the absent ones out first, in a Python body"
            self.report.error(
                "FLOW305", "elements of this list may be absent", inner.span, f"this is `{checked.type}`", hint
            )

    def _arithmetic(self, inner: tree.Expr, checked: Checked) -> None:
        if checked.type.kind not in ("int", "size", "unknown"):
            hint = f"turn it into a number first: int({shown(inner)})"
            message = "only whole numbers stand in `$(( ))`, because the shell would run what is in a text"
            self.report.error("FLOW308", message, inner.span, f"this is `{checked.type}`", hint)

    def _compound(self, inner: tree.Expr, type_: Type) -> None:
        named = shown(inner)
        if type_.kind == "list":
            message = "a list is not one shell word"
            hint = f"say how it is meant: ~{{words({named})}} for one word each, ~{{lines_file({named})}} for a file, ~{{json({named})}}"
        else:
            message = f"a {type_.kind} is not one shell word"
            hint = f"say how it is meant: ~{{json({named})}} as text, ~{{json_file({named})}} as a file"
        self.report.error("FLOW307", message, inner.span, f"this is `{type_}`", hint)


def _how(node: tree.Expr) -> tuple[str, tree.Expr]:
    """`words(xs)` and `raw(x)` are not functions here but say how their argument is written."""
    if not (isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name in ("words", "raw")):
        return "word", node
    if len(node.args) != 1 or node.args[0].name is not None:
        return "word", node
    return node.target.name, node.args[0].value
