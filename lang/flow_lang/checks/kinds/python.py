"""`python '''...'''`: the body of a function. The names of the workflow that it uses are Python names in it."""

from flow_lang import plan
from flow_lang.checks.kind import Kind, Mentioned, Tools
from flow_lang.checks.python.body import FreeName, characters, first_line, place, read_python, wrapped_body
from flow_lang.checks.python.shadows import shadowed
from flow_lang.checks.python.trial.body import tried
from flow_lang.checks.scope import Symbol
from flow_lang.checks.shape import Shape
from flow_lang.diagnostics import Label, Span
from flow_lang.functions import FUNCTIONS
from flow_lang.source import Lines
from flow_lang.suggest import did_you_mean
from flow_lang.syntax import tree
from flow_lang.types import Type


def _check(body: tree.KindBody, tools: Tools) -> plan.Body:
    return _Python(body, tools).check()


class _Python:
    def __init__(self, body: tree.KindBody, tools: Tools) -> None:
        self.body, self.tools, self.report, self.lines = body, tools, tools.report, tools.lines
        self.expressions = tools.expressions

    def check(self) -> plan.Body:
        body, task, shape = self.body, self.tools.task, self.tools.shape
        code = body.text.plain
        if code is None:
            part = next(part for part in body.text.parts if not isinstance(part, tree.Chunk))
            hint = "names of the workflow are Python names in the body: write the name itself, between ''' and '''"
            self.report.error("FLOW308", "a Python body has no `~{}`", part.span, "", hint)
            return plan.Body("python")
        found = read_python(code)
        if found.bad is not None:
            bad = found.bad
            span = place(body.text, self.lines, bad.line, bad.column, bad.length)
            hint = "this is the body of a function in Python: it has its own rules, and `return` gives the result"
            self.report.error("FLOW112", f"Python: {bad.message}", span, "", hint)
            return plan.Body("python")
        self._shadows(code, body)
        mistakes = self.report.mistakes
        known = self.expressions.scope.symbols
        names = [*found.free, *(name for name in found.values if name.name in known)]
        bound = {name.name: self._bind(name, body, found.stars) for name in names}
        given = {name: type_ for name, type_ in bound.items() if type_ is not None}
        if not found.returns and _must_return(shape):
            parts = (*task.clauses, *task.items)
            first = next(part for part in parts if isinstance(part, tree.ResultClause | tree.Output))
            hint = "end the body with `return ...`"
            label = (Label(first.span, "the result is declared here"),)
            self.report.error("FLOW315", "this body never returns a value", body.word.span, "", hint, label)
        elif self.report.mistakes == mistakes:
            self._try(code, given)
        return plan.Body("python", code=code, names=tuple(given), line=first_line(body.text, self.lines))

    def _try(self, code: str, given: dict[str, Type]) -> None:
        """What fails in Python whatever the values of these types are."""
        shape = self.tools.shape
        result = shape.result if shape.single or shape.result.kind == "record" else None
        wrong = tried(wrapped_body(code), given, result, shape.single)
        if wrong is None or (wrong.about and not self.report.first_unknown(wrong.about)):
            return
        row = wrapped_body(code).split("\n")[wrong.line - 1]
        column = characters(row, wrong.column) - 1
        length = characters(row, wrong.column + wrong.length) - 1 - column
        span = place(self.body.text, self.lines, wrong.line - 1, column, length)
        if wrong.returned:
            self.report.error("FLOW335", wrong.message, span, "returned here", wrong.hint)
        else:
            self.report.error("FLOW334", f"Python: {wrong.message}", span, "fails whenever it is reached", wrong.hint)

    def _shadows(self, code: str, body: tree.KindBody) -> None:
        symbols = self.expressions.scope.symbols
        for name in shadowed(code):
            span = place(body.text, self.lines, name.line, name.column, len(name.name))
            if name.name not in symbols:
                message, hint = f"`{name.name}` has no value yet here", f"give `{name.name}` a value above this line"
                self.report.warning("FLOW522", message, span, "read before it is made", hint)
            else:
                message = f"this `{name.name}` is not that of the workflow, because the body makes one of its own"
                hint = f"call its own one otherwise, such as new_{name.name}; Python would find no value here"
                self.report.warning("FLOW522", message, span, "read before it is made", hint)

    def _bind(self, name: FreeName, body: tree.KindBody, stars: bool) -> Type | None:
        """The type of a name that the workflow gives, None where it gives none."""
        symbols = self.expressions.scope.symbols
        span = place(body.text, self.lines, name.line, name.column, len(name.name))
        if name.name in symbols:
            symbol = symbols[name.name]
            if symbol.kind == "own":
                self._add_own(symbol, span)
                return symbol.type
            with self.expressions.scope.with_secrets():
                return self.expressions.given(tree.Ref(name.name, span)).type
        if not stars and self.report.first_unknown(name.name):
            hint = did_you_mean(name.name, symbols, f"import it in the body, or declare it: in {name.name}: str = ...")
            if name.name in FUNCTIONS:
                hint = f"`{name.name}` is a function of the language, not of Python; use it in an `in`"
            elif name.name in self.tools.imported:
                hint = f"import it in the body, or let the task `call {name.name}(...)`"
            self.report.error("FLOW214", f"nothing gives this Python body a `{name.name}`", span, "not found", hint)
        return None

    def _add_own(self, symbol: Symbol, span: Span) -> None:
        """`run` in a Python body is a record of what is known of the run."""
        fields = [[field, ["ref", f"{symbol.name}.{field}"]] for field in symbol.type.names]
        for field in symbol.type.names:
            self.expressions.scope.find_own(symbol, field, span)
        self.tools.inputs.append(plan.Input(symbol.name, symbol.type, ["record", *fields]))


def _must_return(shape: Shape) -> bool:
    """Whether a body that returns nothing fails: files of `out` may be left in its folder."""
    if shape.single:
        return shape.result.kind not in ("optional", "json", "unknown")
    kinds = [field.kind for field in shape.result.fields] if shape.result.kind == "record" else []
    return any(kind not in ("optional", "json", "unknown", "file", "dir") for kind in kinds)


def _mentions(body: tree.KindBody, lines: Lines) -> Mentioned:
    text = body.value
    if isinstance(text, tree.Text):
        found = read_python(text.plain or "")
        for name in (*found.free, *found.values):
            yield name.name, place(text, lines, name.line, name.column, len(name.name))


KIND = Kind(
    "python",
    _check,
    example="python '''...'''",
    hint="a Python body stands between ''' and '''",
    errors=("exception",),
    mentions=_mentions,
)
