"""What can be asked of a task besides its value: `fetch.status`, `fetch.all`; and the dotted names of a run."""

from flow_lang.checks.expressions.core import WRONG, Checked, Expressions
from flow_lang.checks.scope import Symbol
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import DURATION, INT, Type, enum, list_of, optional, present

STATES = enum(("succeeded", "failed", "skipped", "cancelled", "upstream_failed"))
"""How a task can have ended."""


class OwnMembers:
    """`attempts` and `delays` are only known where the scope has them: in the `assert`s of a test."""

    def __init__(self, core: Expressions) -> None:
        self.core = core

    def read(self, node: tree.Field, lenient: bool) -> Checked | None:
        """None where the field is none of these. A result's own field of that name goes first."""
        if not isinstance(node.base, tree.Ref):
            return None
        scope, member = self.core.scope, node.name.text
        dotted = f"{node.base.name}.{member}"
        if dotted in scope.dotted:
            type_ = scope.dotted[dotted]
            made = Checked(["ref", dotted], type_)
            return made if lenient else self.core.sure(node, made)
        if member not in scope.members:
            return None
        symbol = scope.symbols.get(node.base.name)
        if symbol is None or symbol.kind != "task" or _has_field(symbol, member):
            return None
        if dotted == "run.status":
            label = (Label(symbol.span, "declared here"),)
            hint = "give the task another name"
            message = "`run.status` is the status of the run, so it cannot be asked of a task called `run`"
            self.core.report.error("FLOW210", message, node.span, "", hint, label)
            return WRONG
        if member == "all" and not self._gathered(node, symbol):
            return WRONG
        scope.find(symbol.name, node.base.span, True, member)
        return Checked(["ref", dotted], self._type(symbol, member))

    def _gathered(self, node: tree.Field, symbol: Symbol) -> bool:
        """Whether the task has a list of results; `.all` of another is reported."""
        if symbol.type.kind == "unknown":
            return False
        if symbol.type.kind == "nothing":
            self.core.no_result(node.base)
            return False
        if not symbol.loops:
            hint = f"`{symbol.name}` runs once; where it may be skipped, write {symbol.name} ?? ..., or {symbol.name} is present"
            message = f"only a `for` task has `.all`, and `{symbol.name}` is none"
            self.core.report.error("FLOW206", message, node.name.span, "", hint)
            return False
        return True

    @staticmethod
    def _type(symbol: Symbol, member: str) -> Type:
        if member == "all":
            return list_of(optional(present(symbol.type).item or symbol.type))
        if member == "status":
            return STATES
        one = INT if member == "attempts" else list_of(DURATION)
        return list_of(one) if symbol.loops else one


def _has_field(symbol: Symbol, name: str) -> bool:
    whole = present(symbol.type)
    result = whole.item if symbol.loops and whole.item else whole
    return result.field(name) is not None
