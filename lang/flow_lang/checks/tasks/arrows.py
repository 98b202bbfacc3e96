"""`-> T` that was written `> T`, `- T`, `== T` or so: after a `for` or a `when` that still reads as an expression."""

from flow_lang.checks.scope import Scope
from flow_lang.checks.types.declared import Types
from flow_lang.diagnostics import Report
from flow_lang.functions import FUNCTIONS
from flow_lang.syntax import tree


class Arrows:
    def __init__(self, types: Types, scope: Scope, report: Report) -> None:
        self.types, self.scope, self.report = types, scope, report

    def stands_in(self, clause: tree.Expr) -> bool:
        """Whether the clause ends in an operator and the name of a type, which is reported."""
        if not isinstance(clause, tree.Binary):
            return False
        name = self._head(clause.right)
        if name in self.scope.symbols or not self.types.knows(name):
            return False
        hint = f"write -> {name}" if isinstance(clause.right, tree.Ref) else f"write -> {name}[...]"
        message = "the result of a task is declared with `->`"
        self.report.error("FLOW101", message, clause.op_span, f"`{name}` is a type", hint)
        return True

    @staticmethod
    def _head(node: tree.Expr) -> str:
        """The name that a type would begin with; a call of a function, such as `float(x)`, is none."""
        while isinstance(node, tree.Index | tree.Call):
            if isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name in FUNCTIONS:
                return ""
            node = node.base if isinstance(node, tree.Index) else node.target
        return node.name if isinstance(node, tree.Ref) else ""
