"""`for` clauses: the type of each variable, and whether its elements flow one by one from another `for` task."""

from flow_lang import plan
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.scope import Symbol
from flow_lang.checks.tasks.arrows import Arrows
from flow_lang.checks.unbuilt import not_built
from flow_lang.diagnostics import Label, Report
from flow_lang.syntax import tree
from flow_lang.types import UNKNOWN, Type


class Loops:
    def __init__(self, expressions: Expressions, arrows: Arrows, report: Report) -> None:
        self.expressions, self.report, self.scope = expressions, report, expressions.scope
        self.arrows = arrows
        self.aligned: str | None = None
        """The `for` task whose element i flows to element i here."""

    def read(self, clauses: list[tree.ForClause]) -> tuple[plan.Clause, ...]:
        found: list[plan.Clause] = []
        for clause in clauses:
            for binding in clause.bindings:
                made = None if found else self._binding(binding)
                if found:
                    self._later(binding, "a second loop in one `for`")
                elif made is not None:
                    found.append(made)
        return tuple(found)

    def _later(self, binding: tree.Binding, what: str) -> None:
        not_built(self.report, what, binding.span)
        for name in binding.targets:
            self.scope.add(Symbol(name.text, "loop", UNKNOWN, name.span))

    def _binding(self, binding: tree.Binding) -> plan.Clause | None:
        if len(binding.targets) > 1:
            self._later(binding, "`for` over two lists at once")
            return None
        target = next(iter(binding.targets))
        if self.arrows.stands_in(binding.source):
            self.scope.add(Symbol(target.text, "loop", UNKNOWN, target.span))
            return None
        if isinstance(binding.source, tree.Binary) and binding.source.op == "in":
            self._comma(binding.source, target)
            return None
        source, aligned = self._aligned(binding.source), None
        if source is not None:
            expr, item, aligned = source
            self.aligned = aligned
        else:
            checked = self.expressions.required(binding.source)
            expr, item = checked.expr, self._element(binding.source, checked.type)
        self.scope.add(Symbol(target.text, "loop", item, target.span))
        return plan.Clause(target.text, item, expr, aligned)

    def _comma(self, source: tree.Binary, target: tree.Name) -> None:
        """`for a in xs b in ys`, with whatever stands for the comma."""
        hint = "several loops stand side by side: for order in orders, line in order.lines"
        self.report.error("FLOW101", "a `,` is missing before the second loop", source.span, "", hint)
        left = source.left.name if isinstance(source.left, tree.Ref | tree.Field) else target
        second = left if isinstance(left, tree.Name) else tree.Name(left, source.left.span)
        for name in (target, second):
            self.scope.symbols.setdefault(name.text, Symbol(name.text, "loop", UNKNOWN, name.span))

    def _aligned(self, source: tree.Expr) -> tuple[plan.Expr, Type, str] | None:
        """`fetch` or `fetch.table` of a `for` task: the expression over one element, its type, and the task."""
        base = source.base if isinstance(source, tree.Field) else source
        if not isinstance(base, tree.Ref):
            return None
        symbol = self.scope.symbols.get(base.name)
        if symbol is None or symbol.kind != "task" or not symbol.loops or symbol.type.item is None:
            return None
        element = symbol.type.item
        if not isinstance(source, tree.Field):
            return (["ref", base.name], element, base.name) if element.kind != "nothing" else None
        field = element.field(source.name.text)
        if field is None:
            return None
        return ["field", ["ref", base.name], source.name.text], field, base.name

    def _element(self, node: tree.Expr, type_: Type) -> Type:
        if type_.kind == "list" and type_.item is not None:
            return type_.item
        if type_.kind == "json":
            return type_
        if type_.kind != "unknown":
            symbol = self.scope.symbols.get(node.name) if isinstance(node, tree.Ref) else None
            labels = (Label(symbol.span, "declared here"),) if symbol else ()
            hint = "a `for` runs over a list; range(n) is a list of numbers, [x] one of a single element"
            self.report.error(
                "FLOW303", f"`for` needs a list, and this is `{type_}`", node.span, f"this is `{type_}`", hint, labels
            )
        return UNKNOWN
