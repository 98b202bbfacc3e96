"""Operators."""

from flow_lang.checks.expressions.core import WRONG, Checked, Expressions, Rules, converted
from flow_lang.checks.expressions.names import shown
from flow_lang.checks.expressions.narrowing import narrowed
from flow_lang.checks.types.assignable import common, narrows, plain_json
from flow_lang.checks.types.conversions import operator_hint
from flow_lang.checks.types.operators import negative, result
from flow_lang.diagnostics import Label
from flow_lang.foreign import ABSENT
from flow_lang.plan import Expr
from flow_lang.syntax import tree
from flow_lang.types import BOOL, UNKNOWN, Type, list_of, optional, present, to_json


class Operations:
    def __init__(self, core: Expressions) -> None:
        self.core = core

    def unary(self, node: tree.Unary, want: Type | None, lenient: bool) -> Checked:
        if node.op == "not":
            return Checked(["not", self.core.expect(node.operand, BOOL, "what `not` turns round").expr], BOOL)
        operand = self.core.required(node.operand)
        found = negative(operand.type)
        if found is None:
            hint = "only numbers and durations have a negative"
            self.core.report.error("FLOW302", f"`-` does not go with `{operand.type}`", node.span, "", hint)
            return WRONG
        return Checked(["neg", operand.expr], found)

    def binary(self, node: tree.Binary, want: Type | None, lenient: bool) -> Checked:
        if node.op in ("and", "or"):
            return self._both(node)
        if node.op == "??":
            return self._default(node, want)
        if node.op in ("==", "!=") and self._asks_absent(node):
            return WRONG
        left = self.core.required(node.left)
        right = self.core.required(node.right, self._welcome(node, left.type))
        if node.op in ("==", "!=") and right.type.kind == "enum" and isinstance(node.left, tree.Text):
            left = self.core.infer(node.left, right.type)
        left, right = _as_other(node.op, left, right), _as_other(node.op, right, left)
        found = result(node.op, left.type, right.type)
        if found is None:
            self._no_operator(node, left.type, right.type)
            return Checked(["lit", None], UNKNOWN)
        expr = [node.op, left.expr, right.expr]
        if node.op in ("/", "//", "%") and right.expr[0] in ("lit", "typed") and right.expr[-1] == 0:
            message = f"`{node.op}` has no value here: it divides by zero"
            hint = "divide by something that is not zero"
            self.core.report.error("FLOW333", message, node.right.span, "the same in every run", hint)
            return Checked(expr, UNKNOWN)
        return Checked(expr, found)

    def _both(self, node: tree.Binary) -> Checked:
        """The right side of `and` is only asked where the left one is true, that of `or` where it is false."""
        what = f"a side of `{node.op}`"
        left = self.core.expect(node.left, BOOL, what)
        with narrowed(self.core, node.left, node.op == "and"):
            right = self.core.expect(node.right, BOOL, what)
        return Checked([node.op, left.expr, right.expr], BOOL)

    def _asks_absent(self, node: tree.Binary) -> bool:
        """`x == None`, which has a spelling of its own."""
        for side, other in ((node.right, node.left), (node.left, node.right)):
            if isinstance(side, tree.Ref) and side.name in ABSENT and side.name not in self.core.scope.symbols:
                shown = other.name if isinstance(other, tree.Ref) else "x"
                test = "is not present" if node.op == "==" else "is present"
                hint = f"write `{shown} {test}`"
                self.core.report.error("FLOW201", f"there is no `{side.name}` here", side.span, "not found", hint)
                return True
        return False

    @staticmethod
    def _welcome(node: tree.Binary, left: Type) -> Type | None:
        """What the right side may be taken for, so that a text which is no value of an enum is found."""
        if node.op in ("==", "!="):
            return left
        texts = isinstance(node.right, tree.ListOf) and all(isinstance(item, tree.Text) for item in node.right.items)
        return list_of(left) if node.op == "in" and left.kind == "enum" and texts else None

    def _no_operator(self, node: tree.Binary, left: Type, right: Type) -> None:
        labels = (Label(node.left.span, f"`{left}`"), Label(node.right.span, f"`{right}`"))
        hint = operator_hint(node.op, left, right)
        message = f"`{node.op}` does not go with `{left}` and `{right}`"
        self.core.report.error("FLOW302", message, node.op_span, "", hint, labels)

    def _default(self, node: tree.Binary, want: Type | None) -> Checked:
        left = self.core.infer(node.left, want, lenient=True)
        if present(left.type).kind == "json" and want is not None:
            left = _narrowed(left, present(want))
        inner = present(left.type)
        right = self.core.infer(
            node.right, inner if inner.kind != "unknown" else want, lenient=want is not None and want.kind == "optional"
        )
        if left.type.kind == "nothing":
            self.core.no_result(node.left)
            return WRONG
        if inner.kind == "json":
            left = _narrowed(left, right.type)
            inner = present(left.type)
        found = common(inner, right.type)
        if found is None:
            self.core.mismatch(node.right, right.type, inner, "the default", (Label(node.left.span, f"`{left.type}`"),))
            return WRONG
        if left.type.kind not in ("optional", "unknown", "json"):
            hint = "remove the `??` and what follows it"
            self.core.report.warning(
                "FLOW502", "this value is never absent, so its default is never used", node.op_span, "", hint
            )
        default = converted(right.expr, right.type, found)
        return Checked(["??", converted(left.expr, left.type, optional(found)), default], found)

    def is_(self, node: tree.Is, want: Type | None, lenient: bool) -> Checked:
        if node.word.text != "present":
            hint = "the test is written `x is present` or `x is not present`; equality is `==`"
            if node.word.text in ABSENT:
                hint = f"write `{shown(node.operand)} is {'present' if node.negated else 'not present'}`"
            self.core.report.error("FLOW201", f"there is no test `is {node.word.text}`", node.word.span, "", hint)
        operand = self.core.infer(node.operand, None, lenient=True)
        test: Expr = ["present", operand.expr]
        return Checked(["not", test] if node.negated else test, BOOL)


def _narrowed(checked: Checked, want: Type) -> Checked:
    """A value of json that has a default of a type which JSON has only as text, such as a date, is one as well."""
    if plain_json(want) or not narrows(want):
        return checked
    made = optional(want)
    return Checked(["as", to_json(made), checked.expr], made)


def _as_other(op: str, checked: Checked, other: Checked) -> Checked:
    """A value of json that is compared with a date, or looked for among dates, is one as well: as a text it would never be equal."""
    type_ = other.type.item if op == "in" and other.type.kind == "list" else other.type
    if op not in ("==", "!=", "in") or checked.type.kind != "json" or type_ is None:
        return checked
    if plain_json(type_) or not narrows(type_):
        return checked
    return Checked(["as", to_json(type_), checked.expr], type_)


RULES: Rules = {
    tree.Unary: lambda core, node, want, lenient: Operations(core).unary(node, want, lenient),
    tree.Binary: lambda core, node, want, lenient: Operations(core).binary(node, want, lenient),
    tree.Is: lambda core, node, want, lenient: Operations(core).is_(node, want, lenient),
}
