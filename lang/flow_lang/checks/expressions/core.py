"""What an expression's type is asked of, and what is said where it does not fit. It knows no kind of expression: the rules are given."""

from collections.abc import Callable, Mapping
from typing import Any

from flow_lang.checks.expressions.names import shown
from flow_lang.checks.scope import Scope
from flow_lang.checks.types.assignable import assignable, differs, narrows
from flow_lang.checks.types.conversions import conversion
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.named import NamedTuple
from flow_lang.plan import Expr
from flow_lang.syntax import tree
from flow_lang.types import INT, UNKNOWN, Type, present, to_json


class Checked(NamedTuple):
    """An expression in its plan form, with its type."""

    expr: Expr
    type: Type


WRONG = Checked(["lit", None], UNKNOWN)


Rule = Callable[["Expressions", Any, Type | None, bool], Checked]
"""The type of one kind of node; the arguments after the first are those of `Expressions.infer`."""

Rules = Mapping[type[Any], Rule]
"""By the class of the node."""


def converted(expr: Expr, type_: Type, want: Type) -> Expr:
    """A value of `type_`, which may stand for a `want`, as one: an int as a float, and a date that goes into `json` as its text."""
    if not differs(type_, want):
        return expr
    if type_ == INT and expr[0] == "lit" and abs(expr[1]) < _EXACT:
        return ["lit", float(expr[1])]
    return ["as", to_json(want), expr]


_EXACT = 1 << 53
"""Up to here a float holds each int."""


class Expressions:
    """Asks for the types of the expressions of one scope. `lenient` says that an absent value is expected there and dealt with.
    A wrong expression is reported once and has the type UNKNOWN, which fits everywhere."""

    def __init__(self, report: Report, scope: Scope, rules: Rules) -> None:
        self.report, self.scope, self.rules = report, scope, rules

    def infer(self, node: tree.Expr, want: Type | None = None, lenient: bool = False) -> Checked:
        """The type of `node`; `want` is what would be welcome, which decides what `[]` and `{}` are."""
        return self.rules[type(node)](self, node, want, lenient)

    def expect(self, node: tree.Expr, want: Type, what: str = "", declared: Span | Label | None = None) -> Checked:
        """As `infer`, and reports where the value is not a `want`. `declared` is where that type was asked for."""
        checked = self.infer(node, want, want.kind == "optional")
        return self.expect_type(node, checked, want, what, declared)

    def expect_type(
        self, node: tree.Expr, checked: Checked, want: Type, what: str = "", declared: Span | Label | None = None
    ) -> Checked:
        """As `expect`, for a node whose type is known already."""
        if want.kind != "optional":
            checked = self.sure(node, checked)
        if checked.type.kind == "json" and narrows(want):
            return Checked(["as", to_json(want), checked.expr], want)
        if assignable(checked.type, want):
            expr = converted(checked.expr, checked.type, want)
            return Checked(expr, want if checked.type.kind != "unknown" else UNKNOWN)
        label = Label(declared, f"`{want}` is asked for here") if isinstance(declared, Span) else declared
        secondary = (label,) if label is not None else ()
        self.mismatch(node, checked.type, want, what, secondary)
        return WRONG

    def required(self, node: tree.Expr, want: Type | None = None) -> Checked:
        """As `infer`, and reports a value that may be absent or that there is none of."""
        checked = self.sure(node, self.infer(node, want))
        if checked.type.kind == "optional":
            self.absent(node, checked.type)
            return Checked(checked.expr, present(checked.type))
        if checked.type.kind == "nothing":
            self.no_result(node)
            return WRONG
        return checked

    def sure(self, node: tree.Expr, checked: Checked) -> Checked:
        """In an `assert`, a value that may be absent is taken for present, and the assert does not hold where it is not."""
        if not self.scope.assumes_present or checked.type.kind != "optional":
            return checked
        return Checked(["sure", checked.expr, shown(node)], present(checked.type))

    def given(self, node: tree.Expr, want: Type | None = None) -> Checked:
        """As `infer`, for a place that can take an absent value as well: a Python name."""
        checked = self.infer(node, want)
        if checked.type.kind == "nothing":
            self.no_result(node)
        return checked

    def mismatch(self, node: tree.Expr, type_: Type, want: Type, what: str, secondary: tuple[Label, ...]) -> None:
        if type_.kind == "nothing":
            self.no_result(node)
        elif type_.kind == "optional" and assignable(present(type_), want):
            self.absent(node, type_)
        else:
            label = f"this is `{type_}`"
            message = f"{what or 'this'} must be `{want}`, and is `{type_}`"
            self.report.error("FLOW301", message, node.span, label, conversion(type_, want, node), secondary)

    def absent(self, node: tree.Expr, type_: Type) -> None:
        """Told once for each cause: what comes after one skipped task is absent together with it."""
        root = node
        while isinstance(root, tree.Field | tree.Index):
            root = root.base
        symbol = self.scope.symbols.get(root.name) if isinstance(root, tree.Ref) else None
        cause = self.scope.symbols.get(symbol.skips, symbol) if symbol is not None else None
        labels: tuple[Label, ...] = ()
        if cause is not None:
            if not self.report.first_unknown(f"absent {cause.name}"):
                return
            said = "this may have failed" if cause.ended else "this may be skipped"
            labels = (Label(cause.span, said if cause.kind == "task" else "declared here"),)
        hint = "give a default with `?? ...`, or ask first with `is present`"
        self.report.error("FLOW305", "this value may be absent", node.span, f"this is `{type_}`", hint, labels)

    def no_result(self, node: tree.Expr) -> None:
        name = node.name if isinstance(node, tree.Ref) else "the task"
        if not self.report.first_unknown(f"result of {name}"):
            return
        symbol = self.scope.symbols.get(node.name) if isinstance(node, tree.Ref) else None
        secondary = (Label(symbol.span, "declared here, without a result"),) if symbol else ()
        hint = f"declare what it gives (`task {name} -> str`), or order only with `after [{name}]`"
        self.report.error("FLOW311", f"`{name}` has no result", node.span, "used as a value here", hint, secondary)
