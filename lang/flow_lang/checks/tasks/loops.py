"""`for` clauses: the type of each variable, and whether its elements flow one by one from another `for` task."""

from flow_lang import plan
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.expressions.names import called, shown
from flow_lang.checks.scope import Symbol
from flow_lang.checks.tasks.arrows import Arrows
from flow_lang.diagnostics import Label, Report
from flow_lang.named import NamedTuple
from flow_lang.syntax import tree
from flow_lang.types import JSON, UNKNOWN, Type

DEEPEST = 16
"""Loops inside one another."""


class _Source(NamedTuple):
    """A list that a loop goes over: `item` is the type of its elements; `aligned` as in `plan.Clause`."""

    expr: plan.Expr
    item: Type
    aligned: str | None = None


class Loops:
    def __init__(self, expressions: Expressions, arrows: Arrows, report: Report) -> None:
        self.expressions, self.report, self.scope = expressions, report, expressions.scope
        self.arrows = arrows
        self.aligned: list[str] = []
        """The `for` tasks whose element i flows to element i here."""

    def read(self, clauses: list[tree.ForClause]) -> tuple[plan.Clause, ...]:
        """The loops, outermost first. Only where there is one (or one `zip`) do elements flow without a barrier."""
        if len(clauses) > 1:
            hint = "several loops stand side by side after one `for`: for order in orders, line in order.lines"
            first = (Label(clauses[0].span, "the first is here"),)
            self.report.error("FLOW101", "a task has one `for`", clauses[1].span, "", hint, first)
        bindings = [binding for clause in clauses for binding in clause.bindings]
        if len(bindings) > DEEPEST:
            hint = "make a list of what is to be done in a task before, and go over that"
            span = bindings[DEEPEST].span
            self.report.error("FLOW105", "these loops are nested too deeply", span, f"deeper than {DEEPEST}", hint)
            return tuple(made for binding in bindings for made in self._wrong(binding))
        single = len(bindings) == 1
        return tuple(made for binding in bindings for made in self._binding(binding, single))

    def _binding(self, binding: tree.Binding, single: bool) -> list[plan.Clause]:
        if self.arrows.stands_in(binding.source):
            return self._wrong(binding)
        if isinstance(binding.source, tree.Binary) and binding.source.op == "in":
            self._comma(binding.source, binding.targets[-1])
            return self._wrong(binding)
        nodes = self._lists(binding)
        if nodes is None:
            return self._wrong(binding)
        sources = [self._source(node, single) for node in nodes]
        self.aligned += [source.aligned for source in sources if source.aligned and source.aligned not in self.aligned]
        made = []
        for at, (target, source) in enumerate(zip(binding.targets, sources, strict=True)):
            if self.scope.add(Symbol(target.text, "loop", source.item, target.span)):
                made.append(plan.Clause(target.text, source.item, source.expr, source.aligned, at > 0))
        return made

    def _wrong(self, binding: tree.Binding) -> list[plan.Clause]:
        for target in binding.targets:
            if target.text not in self.scope.symbols:
                self.scope.add(Symbol(target.text, "loop", UNKNOWN, target.span))
        return []

    def _lists(self, binding: tree.Binding) -> list[tree.Expr] | None:
        """The list that each variable goes over; None where their numbers do not agree (and that is reported)."""
        names = [target.text for target in binding.targets]
        zipped = called(binding.source, "zip")
        if zipped is None:
            if len(names) == 1:
                return [binding.source]
            self._no_zip(binding, names)
            return None
        named = next((argument for argument in zipped.args if argument.name is not None), None)
        if named is not None and named.name is not None:
            hint = "write the lists only: for a, b in zip(xs, ys)"
            self.report.error("FLOW211", f"`zip` takes no `{named.name.text}`", named.name.span, "", hint)
            return None
        count = len(zipped.args)
        if count < 2:
            hint = "`zip(xs, ys)` goes over two or more lists in step; one list needs no `zip`"
            self.report.error("FLOW304", f"`zip` takes two or more lists, and gets {count}", zipped.span, "", hint)
            return None
        if len(names) != count:
            lists = [shown(argument.value).strip(".").rsplit(".", 1)[-1] for argument in zipped.args]
            made = [f"{name.removesuffix('s') or 'x'}_{at}" for at, name in enumerate(lists, 1)]
            hint = f"give each list a variable of its own: for {', '.join((*names, *made[len(names) :])[:count])} in zip(...)"
            plural = "variable" if len(names) == 1 else "variables"
            message = f"`zip` of {count} lists needs {count} variables, and there {'is' if len(names) == 1 else 'are'} {len(names)}"
            span = binding.targets[0].span.to(binding.targets[-1].span)
            self.report.error("FLOW304", message, span, f"{len(names)} {plural}", hint)
            return None
        return [argument.value for argument in zipped.args]

    def _no_zip(self, binding: tree.Binding, names: list[str]) -> None:
        mistakes = self.report.mistakes
        type_ = self.expressions.infer(binding.source).type
        if self.report.mistakes > mistakes:
            return  # a wrong word may have been meant for `zip`
        hint = f"lists in step stand in a zip: for {', '.join(names)} in zip({shown(binding.source)}, ...)"
        if type_.kind in ("map", "record") and len(names) == 2:
            key, source = names[0], shown(binding.source)
            hint = f"go over its keys: for {key} in keys({source}); the value is then {source}[{key}]"
        span = binding.targets[0].span.to(binding.targets[-1].span)
        self.report.error("FLOW304", "one list has one variable", span, f"{len(names)} variables", hint)

    def _comma(self, source: tree.Binary, target: tree.Name) -> None:
        """`for a in xs b in ys`, with whatever stands for the comma."""
        hint = "several loops stand side by side: for order in orders, line in order.lines"
        self.report.error("FLOW101", "a `,` is missing before the second loop", source.span, "", hint)
        left = source.left.name if isinstance(source.left, tree.Ref | tree.Field) else target
        second = left if isinstance(left, tree.Name) else tree.Name(left, source.left.span)
        self.scope.symbols.setdefault(second.text, Symbol(second.text, "loop", UNKNOWN, second.span))

    def _source(self, node: tree.Expr, single: bool) -> _Source:
        aligned = self._aligned(node) if single else None
        if aligned is not None:
            return aligned
        checked = self.expressions.required(node)
        if checked.type.kind == "json":
            return _Source(["as", {"list": "json"}, checked.expr], JSON)
        return _Source(checked.expr, self._element(node, checked.type))

    def _aligned(self, source: tree.Expr) -> _Source | None:
        """`fetch` or `fetch.table` of a `for` task, as an expression over one element."""
        base = source.base if isinstance(source, tree.Field) else source
        if not isinstance(base, tree.Ref):
            return None
        symbol = self.scope.symbols.get(base.name)
        if symbol is None or symbol.kind != "task" or not symbol.loops or symbol.type.item is None or symbol.ended:
            return None
        element = symbol.type.item
        if not isinstance(source, tree.Field):
            return _Source(["ref", base.name], element, base.name) if element.kind != "nothing" else None
        field = element.field(source.name.text)
        if field is None:
            return None
        return _Source(["field", ["ref", base.name], source.name.text], field, base.name)

    def _element(self, node: tree.Expr, type_: Type) -> Type:
        if type_.kind == "list" and type_.item is not None:
            return type_.item
        if type_.kind != "unknown":
            symbol = self.scope.symbols.get(node.name) if isinstance(node, tree.Ref) else None
            labels = (Label(symbol.span, "declared here"),) if symbol else ()
            hint = "a `for` runs over a list; range(n) is a list of numbers, [x] one of a single element"
            if type_.kind == "map":
                hint = f"a `for` runs over a list: keys({shown(node)}) or values({shown(node)})"
            self.report.error(
                "FLOW303", f"`for` needs a list, and this is `{type_}`", node.span, f"this is `{type_}`", hint, labels
            )
        return UNKNOWN
