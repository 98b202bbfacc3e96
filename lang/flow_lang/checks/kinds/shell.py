"""`shell "..."`: a script, run by the shell or by the interpreter that `with` names."""

from flow_lang import plan
from flow_lang.checks.kind import Kind, Tools
from flow_lang.checks.shell.body import is_shell, shell_body
from flow_lang.checks.shell.foreign import spelled
from flow_lang.checks.shell.pipes import hidden_failure
from flow_lang.diagnostics import Span
from flow_lang.syntax import tree
from flow_lang.types import NOTHING


def _check(body: tree.KindBody, tools: Tools) -> plan.Body:
    made = shell_body(body.text, tools.with_, tools.expressions)
    if is_shell(tools.with_):
        _foreign(body.text, tools)
        _pipes(body.text, tools)
    return made


def _pipes(text: tree.Text, tools: Tools) -> None:
    inner = Span(text.content, text.span.end - (1 if text.kind == "string" else 3))
    pipe = hidden_failure(tools.lines.text, inner, tools.with_)
    if pipe is None:
        return
    hint = "only the last command of a pipe counts after `set +o pipefail`; add `|| true` to it instead"
    if tools.with_:
        hint = "only the last command of a pipe counts here; leave `with` out: bash then runs it, and sees each failure"
    tools.report.warning("FLOW523", "a failure on the left of this pipe is not seen", pipe, "", hint)


def _foreign(text: tree.Text, tools: Tools) -> None:
    """A name of the workflow as another tool would spell it: the shell sees a variable of its own, which is not set."""
    symbols = tools.expressions.scope.symbols

    def is_value(name: str) -> bool:
        return name in symbols and symbols[name].type != NOTHING and symbols[name].kind != "own"

    raw = text.kind == "raw"
    for found in spelled(tools.lines.text, text.span, is_value, raw):
        message = f"`{found.written}` is not the `{found.name}` of this workflow"
        hint = f"write ~{{{found.name}}}" + (" between three double quotes" if raw else "")
        tools.report.warning("FLOW503", message, found.span, "not put in", hint)


KIND = Kind(
    "shell",
    _check,
    example='shell "echo hello"',
    hint='a shell body is written: shell "echo hello", or over several lines between """ and """',
    errors=("exit", "exit_N", "signal_N", "unknown_output", "missing_output", "no_interpreter", "spawn"),
    interpreter=True,
)
