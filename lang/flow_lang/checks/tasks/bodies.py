"""The body of a task: shell, inline Python, a call, a wait or a notification."""

from flow_lang import plan
from flow_lang.checks.calls.arguments import Callee, Formal, read_arguments
from flow_lang.checks.calls.workflows import Child
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.http.body import http_body
from flow_lang.checks.items import Sorted
from flow_lang.checks.notices import notify_body
from flow_lang.checks.python.body import FreeName, characters, first_line, place, read_python, wrapped_body
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.python.shadows import shadowed
from flow_lang.checks.python.signatures import Function
from flow_lang.checks.python.trial.body import tried
from flow_lang.checks.scope import Symbol
from flow_lang.checks.shell.body import is_shell, shell_body
from flow_lang.checks.shell.foreign import spelled
from flow_lang.checks.shell.pipes import hidden_failure
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.shape import Shape
from flow_lang.checks.types.assignable import assignable
from flow_lang.checks.waits import wait_body
from flow_lang.diagnostics import Label, Span
from flow_lang.foreign import BODIES
from flow_lang.functions import FUNCTIONS
from flow_lang.suggest import did_you_mean, listed, nearest
from flow_lang.syntax import tree
from flow_lang.types import NOTHING, Type

EMPTY = plan.Body("shell")


class Bodies:
    """Reads the body of one task. `inputs` are those that a Python body has without declaring them: `run`, as a record."""

    def __init__(self, expressions: Expressions, context: Context) -> None:
        self.expressions, self.report, self.context = expressions, expressions.report, context
        self.imported, self.lines = context.imported, context.lines
        self.inputs: list[plan.Input] = []

    def read(self, task: tree.TaskItem, items: Sorted, with_: str, shape: Shape) -> plan.Body:
        if not items.bodies:
            if not _explained(task, items):
                hint = "say what it does: shell \"...\", python '''...''', http GET \"...\" or call f(...)"
                self.report.error("FLOW313", f"the task `{task.name.text}` has no body", task.name.span, "", hint)
            return EMPTY
        body = items.bodies[0]
        given = [item for item in items.settings if item.name.text == "with"]
        if given and not (isinstance(body, tree.Body) and body.kind == "shell"):
            hint = "`with` names the interpreter of a `shell` body; remove it"
            self.report.error("FLOW203", "only a `shell` body has a `with`", given[0].name.span, "", hint)
        if isinstance(body, tree.CallBody):
            return self._call(body, shape)
        if isinstance(body, tree.HttpBody):
            with self.expressions.scope.with_secrets():
                return http_body(body, self.expressions, self.context.settings.fixed)
        if isinstance(body, tree.WaitBody):
            return wait_body(body, shape.result, self.expressions)
        if isinstance(body, tree.Notify):
            return notify_body(body, self.expressions)
        if body.kind == "python":
            return self._python(body, task, shape)
        made = shell_body(body, with_, self.expressions, self.report)
        if is_shell(with_):
            self._foreign(body)
            self._pipes(body, with_)
        return made

    def _pipes(self, body: tree.Body, with_: str) -> None:
        text = body.text
        inner = Span(text.content, text.span.end - (1 if text.kind == "string" else 3))
        pipe = hidden_failure(self.lines.text, inner, with_)
        if pipe is not None:
            hint = "only the last command of a pipe counts here; set -o pipefail before it, or leave `with` out"
            hint = (
                hint
                if with_
                else "only the last command of a pipe counts after `set +o pipefail`; add `|| true` to it instead"
            )
            self.report.warning("FLOW523", "a failure on the left of this pipe is not seen", pipe, "", hint)

    def _foreign(self, body: tree.Body) -> None:
        """A name of the workflow as another tool would spell it: the shell sees a variable of its own, which is not set."""
        symbols = self.expressions.scope.symbols

        def is_value(name: str) -> bool:
            return name in symbols and symbols[name].type != NOTHING and symbols[name].kind != "own"

        raw = body.text.kind == "raw"
        for found in spelled(self.lines.text, body.text.span, is_value, raw):
            message = f"`{found.written}` is not the `{found.name}` of this workflow"
            hint = f"write ~{{{found.name}}}" + (" between three double quotes" if raw else "")
            self.report.warning("FLOW503", message, found.span, "not put in", hint)

    def _python(self, body: tree.Body, task: tree.TaskItem, shape: Shape) -> plan.Body:
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
        types = {name.name: self._bind(name, body, found.stars) for name in found.free}
        names = [name for name, type_ in types.items() if type_ is not None]
        if not found.returns and _must_return(shape):
            first = next(
                part for part in (*task.clauses, *task.items) if isinstance(part, tree.ResultClause | tree.Output)
            )
            hint = "end the body with `return ...`"
            label = (Label(first.span, "the result is declared here"),)
            self.report.error("FLOW315", "this body never returns a value", body.word, "", hint, label)
        elif self.report.mistakes == mistakes:
            self._try(code, body, {name: type_ for name, type_ in types.items() if type_ is not None}, shape)
        return plan.Body("python", code=code, names=tuple(names), line=first_line(body.text, self.lines))

    def _try(self, code: str, body: tree.Body, given: dict[str, Type], shape: Shape) -> None:
        """What fails in Python whatever the values of these types are."""
        result = shape.result if shape.single or shape.result.kind == "record" else None
        wrong = tried(wrapped_body(code), given, result, shape.single)
        if wrong is None:
            return
        row = wrapped_body(code).split("\n")[wrong.line - 1]
        column = characters(row, wrong.column) - 1
        span = place(
            body.text, self.lines, wrong.line - 1, column, characters(row, wrong.column + wrong.length) - 1 - column
        )
        if wrong.returned:
            self.report.error("FLOW335", wrong.message, span, "returned here", wrong.hint)
        else:
            self.report.error("FLOW334", f"Python: {wrong.message}", span, "fails whenever it is reached", wrong.hint)

    def _shadows(self, code: str, body: tree.Body) -> None:
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

    def _bind(self, name: FreeName, body: tree.Body, stars: bool) -> Type | None:
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
            elif name.name in self.imported:
                hint = f"import it in the body, or let the task `call {name.name}(...)`"
            self.report.error("FLOW214", f"nothing gives this Python body a `{name.name}`", span, "not found", hint)
        return None

    def _add_own(self, symbol: Symbol, span: Span) -> None:
        """`run` in a Python body is a record of what is known of the run."""
        fields = [[field, ["ref", f"{symbol.name}.{field}"]] for field in symbol.type.names]
        for field in symbol.type.names:
            self.expressions.scope.find_own(symbol, field, span)
        self.inputs.append(plan.Input(symbol.name, symbol.type, ["record", *fields]))

    def _call(self, body: tree.CallBody, shape: Shape) -> plan.Body:
        target = body.call.target
        found = self.imported.get(target.name) if isinstance(target, tree.Ref) else None
        if found is not None:
            return self._function(body, found, shape)
        known, child = self.context.workflows.find(target)
        if child is not None:
            return self._child(body, child, shape)
        if not known and isinstance(target, tree.Ref):
            self._unknown(target)
            return EMPTY
        if not known:
            self.context.workflows.report_unknown(target)
        for argument in body.call.args:
            self.expressions.infer(argument.value)
        return EMPTY

    def _function(self, body: tree.CallBody, found: Imported, shape: Shape) -> plan.Body:
        function = found.function
        if function is None:
            for argument in body.call.args:
                self.expressions.infer(argument.value)
            return EMPTY
        args = read_arguments(body.call, _callee(function, found), self.expressions)
        self._result(body, function.name, function.result, shape, (Label(found.span, "imported here"),))
        return plan.Body("call", code=found.path, function=found.name, args=tuple(args))

    def _child(self, body: tree.CallBody, child: Child, shape: Shape) -> plan.Body:
        callee = self.context.workflows.callee(child)
        args = read_arguments(body.call, callee, self.expressions)
        self._result(body, child.name, child.result, shape, callee.labels)
        return plan.Body("child", function=child.key, args=tuple(args))

    def _unknown(self, target: tree.Ref) -> None:
        names = [*self.imported, *self.context.workflows.here]
        meant = nearest(target.name, names)
        if not self.report.first_unknown(f"function {target.name}" if meant else "every imported function"):
            return  # an import is missing, which is one mistake
        hint = did_you_mean(target.name, names, f'import it: from python "tasks.py" import {target.name}')
        if target.name in FUNCTIONS:
            hint = f"`{target.name}` is a function of the language; use it in an expression: in x = {target.name}(...)"
        self.report.error(
            "FLOW204", f"there is no workflow or imported function `{target.name}`", target.span, "not found", hint
        )

    def _result(self, body: tree.CallBody, name: str, result: Type, shape: Shape, labels: tuple[Label, ...]) -> None:
        """A declared result must hold what the function returns; several outputs are fields of what it returns."""
        if shape.result == NOTHING or assignable(result, shape.result):
            return
        message = f"`{name}` returns `{result}`, and the task gives `{shape.result}`"
        hint = "leave the task's result out: it is what the function returns"
        span = body.call.target.span
        self.report.error("FLOW301", message, span, f"returns `{result}`", hint, labels)


def _callee(function: Function, found: Imported) -> Callee:
    formals = tuple(Formal(param.name, param.type, param.required) for param in function.params)
    names = listed([param.name for param in function.params])
    label = (Label(found.span, f"its arguments are {names}"),)
    return Callee(function.name, formals, label, "look at its signature in the Python file", secrets=True)


def _must_return(shape: Shape) -> bool:
    """Whether a body that returns nothing fails: files of `out` may be left in its folder."""
    if shape.single:
        return shape.result.kind not in ("optional", "json", "unknown")
    kinds = [field.kind for field in shape.result.fields] if shape.result.kind == "record" else []
    return any(kind not in ("optional", "json", "unknown", "file", "dir") for kind in kinds)


def _explained(task: tree.TaskItem, items: Sorted) -> bool:
    """Whether the missing body has been told in another way."""
    return any(setting.name.text in BODIES for setting in items.settings) or any(
        isinstance(item, tree.Return | tree.Wrong) for item in task.items
    )
