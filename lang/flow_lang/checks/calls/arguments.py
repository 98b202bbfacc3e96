"""The arguments of a call, against what the function or workflow takes."""

from flow_lang.checks.expressions.core import Expressions
from flow_lang.diagnostics import Label, Span
from flow_lang.named import NamedTuple
from flow_lang.plan import Expr
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import Type


class Formal(NamedTuple):
    """`declared` is where a .flow file declares it."""

    name: str
    type: Type
    required: bool
    declared: Label | None = None


class Callee(NamedTuple):
    """What is called: `labels` show where it is from, `look` tells where to read what it takes. `secrets` says that it may be given some."""

    name: str
    formals: tuple[Formal, ...]
    labels: tuple[Label, ...]
    look: str
    secrets: bool


def read_arguments(call: tree.Call, callee: Callee, expressions: Expressions) -> list[tuple[str, Expr]]:
    """The values by name. What is wrong has been reported."""
    return _Arguments(call, callee, expressions).read()


class _Arguments:
    def __init__(self, call: tree.Call, callee: Callee, expressions: Expressions) -> None:
        self.call, self.callee, self.expressions, self.report = call, callee, expressions, expressions.report
        self.names = [formal.name for formal in callee.formals]

    def read(self) -> list[tuple[str, Expr]]:
        formals = {formal.name: formal for formal in self.callee.formals}
        placed = self._placed()
        if placed is None:
            return []
        made = [(name, self._value(value, formals[name])) for name, value in placed.items()]
        missing = [name for name, formal in formals.items() if formal.required and name not in placed]
        if missing:
            message = f"`{self.callee.name}` needs {listed(missing)}"
            self.report.error("FLOW304", message, self.call.span, "", f"add {listed(missing)}", self.callee.labels)
        return made

    def _value(self, value: tree.Expr, formal: Formal) -> Expr:
        symbols = self.expressions.scope.symbols
        symbol = symbols.get(value.name) if isinstance(value, tree.Ref) else None
        what = f"`{formal.name}` of `{self.callee.name}`"
        if symbol is None or symbol.kind != "secret":
            return self.expressions.expect(value, formal.type, what, formal.declared).expr
        if not self.callee.secrets:
            hint = f"a run's parameters are kept; let `{self.callee.name}` declare a secret of its own"
            self.expressions.scope.refuse_secret(symbol, value.span, hint)
            return ["lit", None]
        with self.expressions.scope.with_secrets():
            return self.expressions.expect(value, formal.type, what, formal.declared).expr

    def _placed(self) -> dict[str, tree.Expr] | None:
        """The values by argument. Where one is in the wrong place the others are not looked at: they may be too."""
        names, callee = self.names, self.callee
        placed: dict[str, tree.Expr] = {}
        for at, argument in enumerate(self.call.args):
            span = argument.name.span if argument.name else argument.span
            if argument.name is None and at >= len(names):
                takes = f"its arguments are {listed(names)}" if names else f"`{callee.name}` takes none"
                message = f"`{callee.name}` takes {len(names)} argument{'' if len(names) == 1 else 's'}"
                self.report.error("FLOW304", message, span, "one too many", takes)
                return None
            name = argument.name.text if argument.name else names[at]
            if name in placed or name not in names:
                self._misplaced(name, span, placed)
                return None
            placed[name] = argument.value
        return placed

    def _misplaced(self, name: str, span: Span, placed: dict[str, tree.Expr]) -> None:
        callee, labels = self.callee, self.callee.labels
        if name in placed:
            message, hint = f"`{callee.name}` gets `{name}` twice", "remove one"
            labels = (Label(placed[name].span, f"this is `{name}` by its position"), *labels)
        else:
            message = f"`{callee.name}` takes no `{name}`"
            hint = did_you_mean(name, self.names, callee.look)
        self.report.error("FLOW211", message, span, "", hint, labels)
