"""The body of a task: one of the kinds, a call or a wait."""

from flow_lang import plan
from flow_lang.checks.calls.arguments import Callee, Formal, read_arguments
from flow_lang.checks.calls.workflows import Child
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.items import Sorted
from flow_lang.checks.kind import Tools, well_formed
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.python.signatures import Function
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.types.assignable import assignable
from flow_lang.checks.waits import wait_body
from flow_lang.diagnostics import Label
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
        kind = self.context.kinds[body.word.text] if isinstance(body, tree.KindBody) else None
        given = [item for item in items.settings if item.name.text == "with"]
        if given and not (kind is not None and kind.interpreter):
            names = " or ".join(f"`{word}`" for word, one in self.context.kinds.items() if one.interpreter)
            hint = f"`with` names the interpreter of a {names} body; remove it"
            self.report.error("FLOW203", f"only a {names} body has a `with`", given[0].name.span, "", hint)
        if isinstance(body, tree.CallBody):
            return self._call(body, shape)
        if isinstance(body, tree.WaitBody):
            return wait_body(body, shape.result, self.expressions)
        if kind is None or not well_formed(kind, body, self.report):
            return EMPTY
        return kind.check(body, self._tools(task, shape, with_))

    def _tools(self, task: tree.TaskItem, shape: Shape, with_: str) -> Tools:
        context = self.context
        fixed = context.settings.fixed
        return Tools(self.expressions, fixed, context.lines, context.imported, task, shape, with_, self.inputs)

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


def _explained(task: tree.TaskItem, items: Sorted) -> bool:
    """Whether the missing body has been told in another way."""
    return any(setting.name.text in BODIES for setting in items.settings) or any(
        isinstance(item, tree.Return | tree.Wrong) for item in task.items
    )
