"""The values of settings: expressions that are the same in every run."""

from typing import Any

from flow_lang.checks.expressions.constants import constant
from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.expressions.names import expression_names
from flow_lang.checks.scope import Scope
from flow_lang.diagnostics import Report
from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.foreign import VALUES
from flow_lang.syntax import tree
from flow_lang.types import DURATION, Type


class FixedValues:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.expressions = expressions(report, Scope(report, {}))

    def duration(self, node: tree.Expr, what: str, zero: bool = False) -> float | None:
        """Seconds; more than none, unless `zero`."""
        value = self.value(node, DURATION, what, "write for example 30s, 5m or 1h30m")
        if value is None:
            return None
        seconds: float = value.total_seconds()
        if seconds < 0 or (seconds == 0 and not zero):
            self.wrong(node, f"{what} is more than 0s", "leave it out for none")
            return None
        return seconds

    def value(self, node: tree.Expr, want: Type, what: str, hint: str) -> Any:
        """The value of a constant expression; None where it is wrong (and reported)."""
        name = next(expression_names(node), None)
        if name is not None and name[0] in VALUES:
            self.report.error("FLOW201", f"there is no `{name[0]}` here", name[1], "not found", VALUES[name[0]])
            return None
        if name is not None:
            self.wrong(node, f"{what} is a fixed value, known before the run", hint)
            return None
        before = len(self.report.diagnostics)
        checked = self.expressions.expect(node, want, what)
        if len(self.report.diagnostics) > before and self.report.failed:
            return None
        if not constant(checked.expr):
            self.wrong(node, f"{what} is a fixed value, known before the run", hint)
            return None
        try:
            return evaluate(checked.expr, {})
        except EvaluationError as error:
            self.wrong(node, f"{what} has no value: {error}", hint)
            return None

    def wrong(self, node: tree.Expr, message: str, hint: str) -> None:
        self.report.error("FLOW310", message, node.span, "", hint)
