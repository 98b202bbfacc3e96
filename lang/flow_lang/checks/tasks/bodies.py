"""The body of a task: shell, inline Python, or a call of an imported Python function."""

from flow_lang import plan
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.http.body import http_body
from flow_lang.checks.items import Sorted
from flow_lang.checks.python.body import FreeName, first_line, place, read_python
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.python.signatures import Function
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.checks.shell.body import is_shell, shell_body
from flow_lang.checks.shell.foreign import spelled
from flow_lang.checks.tasks.shape import Shape
from flow_lang.checks.types.assignable import assignable
from flow_lang.checks.unbuilt import not_built
from flow_lang.diagnostics import Label, Span
from flow_lang.foreign import BODIES
from flow_lang.functions import FUNCTIONS
from flow_lang.source import Lines
from flow_lang.suggest import did_you_mean, listed, nearest
from flow_lang.syntax import tree
from flow_lang.types import NOTHING

EMPTY = plan.Body("shell")


class Bodies:
    def __init__(
        self, expressions: Expressions, imported: dict[str, Imported], lines: Lines, fixed: FixedValues
    ) -> None:
        self.fixed = fixed
        self.expressions, self.report, self.imported, self.lines = expressions, expressions.report, imported, lines

    def read(self, task: tree.TaskItem, items: Sorted, with_: str, shape: Shape) -> plan.Body:
        if not items.bodies:
            if not _explained(task, items):
                hint = "say what it does: shell \"...\", python '''...''', http GET \"...\" or call f(...)"
                self.report.error("FLOW313", f"the task `{task.name.text}` has no body", task.name.span, "", hint)
            return EMPTY
        body = items.bodies[0]
        if with_ and not (isinstance(body, tree.Body) and body.kind == "shell"):
            setting = next(item for item in items.settings if item.name.text == "with")
            hint = "`with` names the interpreter of a `shell` body; remove it"
            self.report.error("FLOW203", "only a `shell` body has a `with`", setting.name.span, "", hint)
        if isinstance(body, tree.CallBody):
            return self._call(body, shape)
        if isinstance(body, tree.HttpBody):
            return http_body(body, self.expressions, self.fixed)
        if body.kind == "python":
            return self._python(body, task, shape)
        made = shell_body(body, with_, self.expressions, self.report)
        if is_shell(with_):
            self._foreign(body)
        return made

    def _foreign(self, body: tree.Body) -> None:
        """A name of the workflow as another tool would spell it: the shell sees a variable of its own, which is not set."""
        symbols = self.expressions.scope.symbols

        def is_value(name: str) -> bool:
            return name in symbols and symbols[name].type != NOTHING

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
        names = [name.name for name in found.free if self._bind(name, body, found.stars)]
        if shape.single and not found.returns and shape.result.kind not in ("optional", "json", "unknown"):
            first = next(c for c in task.clauses if isinstance(c, tree.ResultClause))
            hint = "end the body with `return ...`"
            label = (Label(first.span, "the result is declared here"),)
            self.report.error("FLOW315", "this body never returns a value", body.word, "", hint, label)
        return plan.Body("python", code=code, names=tuple(names), line=first_line(body.text, self.lines))

    def _bind(self, name: FreeName, body: tree.Body, stars: bool) -> bool:
        symbols = self.expressions.scope.symbols
        span = place(body.text, self.lines, name.line, name.column, len(name.name))
        if name.name in symbols:
            self.expressions.given(tree.Ref(name.name, span))
            return True
        if not stars:
            hint = did_you_mean(name.name, symbols, f"import it in the body, or declare it: in {name.name}: str = ...")
            if name.name in FUNCTIONS:
                hint = f"`{name.name}` is a function of the language, not of Python; use it in an `in`"
            elif name.name in self.imported:
                hint = f"import it in the body, or let the task `call {name.name}(...)`"
            self.report.error("FLOW214", f"nothing gives this Python body a `{name.name}`", span, "not found", hint)
        return False

    def _call(self, body: tree.CallBody, shape: Shape) -> plan.Body:
        target = body.call.target
        if not isinstance(target, tree.Ref):
            not_built(self.report, "calling what is in an imported file", target.span)
            return EMPTY
        found = self.imported.get(target.name)
        if found is None:
            self._unknown(target)
            return EMPTY
        if found.function is None:
            for argument in body.call.args:
                self.expressions.infer(argument.value)
            return EMPTY
        args = self._arguments(body.call, found.function, found)
        self._result(body, found.function, shape, found)
        return plan.Body("call", code=found.path, function=found.name, args=tuple(args))

    def _unknown(self, target: tree.Ref) -> None:
        meant = nearest(target.name, self.imported)
        if not self.report.first_unknown(f"function {target.name}" if meant else "every imported function"):
            return  # an import is missing, which is one mistake
        hint = did_you_mean(target.name, self.imported, f'import it: from python "tasks.py" import {target.name}')
        if target.name in FUNCTIONS:
            hint = f"`{target.name}` is a function of the language; use it in an expression: in x = {target.name}(...)"
        self.report.error("FLOW204", f"no Python function `{target.name}` is imported", target.span, "not found", hint)

    def _arguments(self, call: tree.Call, function: Function, found: Imported) -> list[tuple[str, plan.Expr]]:
        formals = {param.name: param for param in function.params}
        placed = self._placed(call, function, found)
        if placed is None:
            return []
        made: list[tuple[str, plan.Expr]] = []
        for name, value in placed.items():
            checked = self.expressions.expect(value, formals[name].type, f"`{name}` of `{function.name}`")
            made.append((name, checked.expr))
        missing = [name for name, param in formals.items() if param.required and name not in placed]
        if missing:
            imported = (Label(found.span, f"its arguments are {listed(formals)}"),)
            message = f"`{function.name}` needs {listed(missing)}"
            self.report.error("FLOW304", message, call.span, "", f"add {listed(missing)}", imported)
        return made

    def _placed(self, call: tree.Call, function: Function, found: Imported) -> dict[str, tree.Expr] | None:
        """The values by argument. Where one is in the wrong place the others are not looked at: they may be too."""
        names = [param.name for param in function.params]
        imported = (Label(found.span, f"its arguments are {listed(names)}"),)
        placed: dict[str, tree.Expr] = {}
        for at, argument in enumerate(call.args):
            span = argument.name.span if argument.name else argument.span
            if argument.name is None and at >= len(names):
                message, hint = f"`{function.name}` takes {len(names)} arguments", f"its arguments are {listed(names)}"
                self.report.error("FLOW304", message, span, "one too many", hint)
                return None
            name = argument.name.text if argument.name else names[at]
            if name in placed or name not in names:
                self._misplaced(name, span, function, placed, imported)
                return None
            placed[name] = argument.value
        return placed

    def _misplaced(
        self, name: str, span: Span, function: Function, placed: dict[str, tree.Expr], imported: tuple[Label, ...]
    ) -> None:
        if name in placed:
            message, hint = f"`{function.name}` gets `{name}` twice", "remove one"
            imported = (Label(placed[name].span, f"this is `{name}` by its position"), *imported)
        else:
            names = [param.name for param in function.params]
            message = f"`{function.name}` takes no `{name}`"
            hint = did_you_mean(name, names, "look at its signature in the Python file")
        self.report.error("FLOW211", message, span, "", hint, imported)

    def _result(self, body: tree.CallBody, function: Function, shape: Shape, found: Imported) -> None:
        """A declared result must hold what the function returns; several outputs are fields of what it returns."""
        if shape.result == NOTHING or assignable(function.result, shape.result):
            return
        message = f"`{function.name}` returns `{function.result}`, and the task gives `{shape.result}`"
        hint = "leave the task's result out: it is what the function returns"
        self.report.error(
            "FLOW301",
            message,
            body.call.target.span,
            f"returns `{function.result}`",
            hint,
            (Label(found.span, "imported here"),),
        )


def _explained(task: tree.TaskItem, items: Sorted) -> bool:
    """Whether the missing body has been told in another way."""
    return any(setting.name.text in BODIES for setting in items.settings) or any(
        isinstance(item, tree.Return | tree.Wrong) for item in task.items
    )
