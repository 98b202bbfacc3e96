"""Function calls inside expressions."""

from flow_lang.checks.expressions.calls import Formal, Signature, applied, bind, readable, signature, welcomed
from flow_lang.checks.expressions.constants import no_value
from flow_lang.checks.expressions.core import WRONG, Checked, Expressions, Rules
from flow_lang.checks.expressions.names import shown
from flow_lang.foreign import MEMBERS
from flow_lang.functions import FUNCTIONS
from flow_lang.plan import Expr
from flow_lang.suggest import did_you_mean, listed, nearest
from flow_lang.syntax import tree
from flow_lang.types import UNKNOWN, Type

_PLACES = {
    "words": ("in a shell body", "it says how a list stands in a script: ~{words(xs)}; elsewhere use join(xs)"),
    "raw": ("in a shell body or a URL", "it says that a value is put in as it is; elsewhere write the value alone"),
    "zip": ("after `for ... in`", "lists are gone over in step so: task pair for a, b in zip(xs, ys) { ... }"),
    "fires": ("in the `assert` of a test", "it tells when the schedule of the tested workflow starts a run"),
    "fail": (
        "in the `mock` of a test",
        "a body fails by itself: a shell body by `exit 1`, a Python body by an exception",
    ),
    "attempts": ("in the `mock` of a test", "how often a task is tried says `retry`"),
}
"""Functions that are no functions: where each may stand, and a hint for all other places."""

_MAY_FAIL = frozenset(
    (
        "date",
        "datetime",
        "duration",
        "size",
        "int",
        "float",
        "format",
        "matches",
        "parse_json",
        "first",
        "last",
        "min",
        "max",
    )
)
"""Functions that have no value for some literals, and take no time to find that out."""

_VALUES = {
    "date": 'write a day that there is: date("2026-01-31")',
    "datetime": 'write the time with its zone: datetime("2026-01-31T12:00:00+01:00"), or Z for UTC',
    "duration": 'write for example duration("1h30m"), or the literal itself: 1h30m',
    "size": 'write for example size("64MiB"), or the literal itself: 64MiB',
    "int": 'write digits in the text: int("12"); float(...) reads decimals',
    "float": 'write a number in the text: float("1.5")',
    "format": 'write for example format(total, ".2f")',
    "matches": 'a character that means itself has a backslash before it, in a text two: matches(name, "\\\\(")',
    "parse_json": 'correct the text, or write the value itself: { name = "x", total = 1.5 }',
    **dict.fromkeys(("first", "last", "min", "max"), "the list has no element; write what is meant in its place"),
}
"""What to do about a call of literals that has no value."""

_ELSEWHERE = {
    "retry": "`retry(...)` stands after `retry =` or in a `policy`",
    "exponential": "`exponential(...)` is a `backoff` of retry(...)",
    "constant": "`constant(...)` is a `backoff` of retry(...)",
    "len": "did you mean `count`?",
    "length": "did you mean `count`?",
    "open": "did you mean `file`?",
    "print": "a body prints; an expression gives a value",
    "map": "a task runs `for x in xs`",
    "filter": "a task has `when`",
    "env": 'in a shell body the environment is the shell\'s: $NAME; a secret is declared: secret token = env("API_TOKEN")',
    "secret": 'a secret is declared in the workflow: secret token = env("API_TOKEN")',
    "cron": "`cron(...)` stands after `schedule =`",
    "key": "`key(...)` stands after `cache =`",
    "rate": "`rate(...)` stands after `rate =`",
    "webhook": "`webhook(...)` stands after `notify`",
    "email": "`email(...)` stands after `notify`",
}


_TURNED = {
    "int": ("str", "enum", "int", "float", "bool", "size"),
    "float": ("str", "enum", "int", "float", "bool", "size", "duration"),
    "date": ("str", "enum", "date", "datetime"),
    "duration": ("str", "enum", "int", "float", "duration"),
    "size": ("str", "enum", "int", "float", "size"),
}
"""What can be turned into a value of another type by the function of its name; JSON may hold it."""


class Applications:
    def __init__(self, core: Expressions) -> None:
        self.core, self.report = core, core.report

    def call(self, node: tree.Call, want: Type | None, lenient: bool) -> Checked:
        if not isinstance(node.target, tree.Ref):
            self._no_method(node)
            return WRONG
        name = node.target.name
        if name in _PLACES and name not in self.core.scope.symbols:
            where, hint = _PLACES[name]
            if self.report.first_unknown(f"misplaced {name}"):
                self.report.error("FLOW316", f"`{name}` has a meaning only {where}", node.target.span, "", hint)
            return WRONG
        if name not in FUNCTIONS:
            self._unknown(name, node.target)
            return WRONG
        found = signature(name)
        mistakes = self.report.mistakes
        arguments = self.arguments(node, name, found, want)
        if arguments is None:
            return WRONG
        exprs, result = arguments
        if name == "sum" and result.kind == "duration":
            exprs.append(["typed", "duration", 0.0])
        expr = ["call", name, *exprs]
        tried = (
            ["call", name, ["lit", ""], exprs[1]] if name == "matches" else expr
        )  # a pattern is wrong with every text
        reason = no_value(tried) if name in _MAY_FAIL and self.report.mistakes == mistakes else ""
        if reason:
            hint = _VALUES.get(name) or f"correct it; {self._usage(name)}"
            message = f"`{name}` has no value here: {reason.removeprefix(f'{name}: ')}"
            self.report.error("FLOW333", message, node.span, "the same in every run", hint)
            return Checked(expr, UNKNOWN)
        return Checked(expr, result)

    def arguments(
        self, node: tree.Call, name: str, found: Signature, want: Type | None = None
    ) -> tuple[list[Expr], Type] | None:
        """The arguments in order, and the type of the result; None where they do not fit. `want` is what the result is welcome as."""
        welcome = welcomed(found.result, want)
        placed = self._place(node, name, found)
        if placed is None:
            return None
        bound: dict[str, Type] = {}
        exprs: list[Expr] = []
        for formal, value in placed:
            if formal.type.kind in ("var", "list", "map"):
                checked = self._opened(
                    self.core.required(value, applied(formal.type, welcome) if welcome else None), formal.type
                )
                if not bind(formal.type, checked.type, bound):
                    message = f"`{formal.name}` of `{name}` must be {readable(formal.type)}, and is `{checked.type}`"
                    hint = self._usage(name)
                    if checked.type.item is not None and checked.type.item.kind == "json":
                        hint = f"say what the list holds: in xs: list[float] = {shown(value)}"
                    self.report.error("FLOW301", message, value.span, f"this is `{checked.type}`", hint)
                    return None
                if not self._turned(name, checked.type, value):
                    return None
            else:
                checked = self.core.expect(value, formal.type, f"`{formal.name}` of `{name}`")
            exprs.append(checked.expr)
        return exprs, applied(found.result, bound) if bound or found.result.kind != "var" else UNKNOWN

    def _turned(self, name: str, type_: Type, node: tree.Expr) -> bool:
        if name not in _TURNED or type_.kind in (*_TURNED[name], "json", "unknown"):
            return True
        hint = f"`count({shown(node)})` is how many there are" if type_.kind == "list" else ""
        if name in ("int", "size") and type_.kind in ("file", "duration"):
            hint = (
                f"`{shown(node)}.size` is its size" if type_.kind == "file" else f"float({shown(node)}) is its seconds"
            )
        message = f"a `{type_}` cannot be turned into `{name}`"
        self.report.error("FLOW301", message, node.span, f"this is `{type_}`", hint or FUNCTIONS[name].doc)
        return False

    @staticmethod
    def _opened(checked: Checked, formal: Type) -> Checked:
        """`json` where a list or a map is taken is one of `json`, or the run says that it is not."""
        if checked.type.kind != "json" or formal.kind not in ("list", "map"):
            return checked
        return Checked(["as", {formal.kind: "json"}, checked.expr], Type(formal.kind, checked.type))

    def _place(self, node: tree.Call, name: str, found: Signature) -> list[tuple[Formal, tree.Expr]] | None:
        """Arguments by parameter, in the order of the parameters; optional ones may be missing only at the end."""
        by_name: dict[str, tree.Expr] = {}
        for position, argument in enumerate(node.args):
            if argument.name is not None:
                label = argument.name.text
                if label not in {formal.name for formal in found.params} or label in by_name:
                    names = [formal.name for formal in found.params if formal.name not in by_name]
                    hint = did_you_mean(label, names, self._usage(name))
                    self.report.error("FLOW211", f"`{name}` takes no `{label}`", argument.name.span, "", hint)
                    return None
                by_name[label] = argument.value
            elif position >= len(found.params):
                self._count(node, name, found)
                return None
            else:
                by_name[found.params[position].name] = argument.value
        given = [(formal, by_name[formal.name]) for formal in found.params if formal.name in by_name]
        complete = all(not formal.required or formal.name in by_name for formal in found.params)
        if not complete or [formal for formal, _ in given] != list(found.params[: len(given)]):
            self._count(node, name, found)
            return None
        return given

    def _count(self, node: tree.Call, name: str, found: Signature) -> None:
        least, most = sum(formal.required for formal in found.params), len(found.params)
        wants = str(most) if least == most else f"{least} to {most}"
        plural = "argument" if wants == "1" else "arguments"
        message = f"`{name}` takes {wants} {plural}, and gets {len(node.args)}"
        self.report.error("FLOW304", message, node.span, "", self._usage(name))

    def _usage(self, name: str) -> str:
        return f"it is {FUNCTIONS[name].signature}"

    def _unknown(self, name: str, target: tree.Ref) -> None:
        near = nearest(name, (*FUNCTIONS, *_ELSEWHERE))
        hint = _ELSEWHERE.get(near or "") or did_you_mean(
            name, (*FUNCTIONS, *_PLACES), f"the functions are {listed(sorted(FUNCTIONS))}"
        )
        if name in self.core.scope.symbols:
            hint = f"`{name}` is a value; only functions are called"
        self.report.error("FLOW204", f"there is no function `{name}`", target.span, "not found", hint)

    def _no_method(self, node: tree.Call) -> None:
        hint = "values have no methods; functions stand before the value: count(xs), lower(name)"
        if isinstance(node.target, tree.Field):
            method, base = node.target.name.text, node.target.base
            if method == "format" and isinstance(base, tree.Text):
                hint = 'put the values into the text itself: "~{name} of ~{total}"'
            elif method in FUNCTIONS or method in MEMBERS:
                hint = f"write {MEMBERS.get(method, method + '({})').format(shown(base))}"
        self.report.error("FLOW204", "only functions can be called", node.target.span, "", hint)


RULES: Rules = {
    tree.Call: lambda core, node, want, lenient: Applications(core).call(node, want, lenient),
}
