"""`mock task = ...`: what a task gives in a test instead of running its body."""

from flow_lang import plan
from flow_lang.cases import Fail, Mock
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.expressions.names import called
from flow_lang.checks.scope import Scope
from flow_lang.checks.settings.retries import Errors
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.plan import Expr
from flow_lang.suggest import did_you_mean
from flow_lang.syntax import tree
from flow_lang.types import Type, list_of

_EXAMPLE = 'write for example fail("exit_1"), or fail("http_503", "too busy")'


class Mocks:
    """Reads the mocks of one test. Their values name nothing: they are the same whatever runs."""

    def __init__(self, report: Report, errors: Errors) -> None:
        self.report, self.errors = report, errors
        self.expressions: Expressions = expressions(report, Scope(report, {}))

    def read(self, item: tree.Mock, task: plan.Task, loops: bool, declared: Span, line: int) -> Mock:
        """`loops`: it has a `for`, be it a wrong one. `declared` is where its name stands."""
        self.task, self.declared = task, declared
        result = task.result
        if not loops:
            return Mock(task.name, result, (self._instance(item.value, result),), None, line)
        if isinstance(item.value, tree.ListOf):
            return Mock(task.name, result, tuple(self._instance(one, result) for one in item.value.items), None, line)
        if called(item.value, "fail") or called(item.value, "attempts"):
            hint = f"`{task.name}` has a `for`: put what each instance gives into a list: [...]"
            labels = (Label(declared, "declared here"),)
            self.report.error("FLOW332", "a `for` task is mocked by a list", item.value.span, "", hint, labels)
            return Mock(task.name, result, (), None, line)
        values = self.expressions.expect(item.value, list_of(result), f"the mock of `{task.name}`", declared)
        return Mock(task.name, result, (), values.expr, line)

    def _instance(self, node: tree.Expr, result: Type) -> tuple[Expr | Fail, ...]:
        attempts = called(node, "attempts")
        if attempts is None:
            return (self._attempt(node, result),)
        if not attempts.args:
            hint = 'say what each attempt gives, the last also for all after it: attempts(fail("http_503"), 3)'
            self.report.error("FLOW304", "`attempts` needs what each attempt gives", node.span, "", hint)
        return tuple(self._attempt(argument.value, result) for argument in attempts.args)

    def _attempt(self, node: tree.Expr, result: Type) -> Expr | Fail:
        failure = called(node, "fail")
        if failure is not None:
            return self._fail(failure)
        if result.kind == "nothing":
            return self._no_result(node)
        return self.expressions.expect(node, result, f"the mock of `{self.task.name}`", self.declared).expr

    def _no_result(self, node: tree.Expr) -> Expr:
        if not (isinstance(node, tree.Record) and not node.fields):
            name = self.task.name
            hint = "write {} for an end without a failure"
            labels = (Label(self.declared, "declared here, without a result"),)
            self.report.error("FLOW301", f"`{name}` has no result", node.span, "it gives nothing", hint, labels)
        return ["lit", None]

    def _fail(self, node: tree.Call) -> Fail:
        texts: list[str] = []
        for argument in node.args:
            text = argument.value.plain if isinstance(argument.value, tree.Text) else None
            if text is None or argument.name is not None:
                self.report.error("FLOW332", "`fail` takes fixed texts", argument.span, "", _EXAMPLE)
                return Fail("exit_1")
            texts.append(text)
        if not 1 <= len(texts) <= 2:
            message = f"`fail` takes a code and a message, and gets {len(texts)} arguments"
            self.report.error("FLOW304", message, node.span, "", _EXAMPLE)
            return Fail("exit_1")
        if not self.errors.of_attempt(texts[0]):
            hint = did_you_mean(texts[0], self.errors.of_attempts(), _EXAMPLE)
            message = f'no attempt fails with "{texts[0]}"'
            self.report.error("FLOW332", message, node.args[0].span, "not the code of an error", hint)
        return Fail(*texts)
