"""Checks one workflow: its parameters, the graph of its tasks, each task, and what it returns."""

from flow_lang import plan
from flow_lang.checks.expressions.constants import constant
from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.graph import Edge, order
from flow_lang.checks.items import workflow_item
from flow_lang.checks.mentions import task_names
from flow_lang.checks.scope import Scope, Symbol
from flow_lang.checks.settings.reader import Reader
from flow_lang.checks.tasks.checker import TaskChecker
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.shape import Shape, shape_of
from flow_lang.checks.types.declared import Types
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import NOTHING, UNKNOWN, Type, list_of, present


class WorkflowChecker:
    def __init__(self, item: tree.WorkflowItem, context: Context) -> None:
        self.item, self.context, self.report = item, context, context.report
        self.types: Types = context.types
        self.settings: Reader = context.settings
        self.names = Scope(self.report, {}, skips_consumer=False)
        self.tasks: dict[str, tree.TaskItem] = {}
        self.shapes: dict[str, Shape] = {}

    def check(self) -> plan.Workflow:
        item = self.item
        params = tuple(self._params())
        settings = self.settings.read([inner for inner in item.items if isinstance(inner, tree.Setting)], "workflow")
        self._declare_tasks()
        for inner in item.items:
            if not isinstance(inner, tree.TaskItem | tree.Setting | tree.Return):
                workflow_item(inner, self.report)
        tasks = tuple(self._check_tasks())
        returns, result = self._returns()
        return plan.Workflow(
            item.name.text,
            params,
            tasks,
            result,
            returns,
            settings.timeout,
            item.doc,
            self.context.lines.position(item.name.span.start).line,
        )

    def _params(self) -> list[plan.Param]:
        found: list[plan.Param] = []
        empty = expressions(self.report, Scope(self.report, {}))
        for param in self.item.params:
            type_ = self.types.resolve(param.type)
            default = None
            if param.default is not None:
                checked = empty.expect(param.default, type_, f"the default of `{param.name.text}`", param.type.span)
                default = checked.expr
                if (
                    not constant(default)
                    and checked.type.kind != "unknown"
                    and present(type_).kind not in ("file", "dir", "list")
                ):
                    hint = "a default is a fixed value"
                    self.report.error("FLOW310", "this default depends on the run", param.default.span, "", hint)
            if self.names.add(Symbol(param.name.text, "param", type_, param.name.span)):
                found.append(plan.Param(param.name.text, type_, default, param.doc))
        return found

    def _declare_tasks(self) -> None:
        for item in self.item.items:
            if isinstance(item, tree.Other) and item.word in ("call", "wait", "secret"):
                name = item.parts[0]
                self.names.add(Symbol(name.text, item.word, UNKNOWN, name.span))
            if not isinstance(item, tree.TaskItem):
                continue
            shape = shape_of(item, self.context)
            type_ = _lifted(shape)
            symbol = Symbol(item.name.text, "task", type_, item.name.span, loops=shape.loops)
            if self.names.add(symbol):
                self.tasks[item.name.text] = item
                self.shapes[item.name.text] = shape

    def _check_tasks(self) -> list[plan.Task]:
        names = list(self.tasks)
        edges = [
            Edge(name, used, span)
            for name, item in self.tasks.items()
            for used, span in task_names(item, self.context.lines)
            if used in self.tasks
        ]
        declared = {name: item.name.span for name, item in self.tasks.items()}
        ordered, stuck = order(names, edges, declared, self.report)
        for name in stuck:
            self.names.symbols[name] = self.names.symbols[name]._replace(type=UNKNOWN)
        return [self._check_task(name) for name in ordered]

    def _check_task(self, name: str) -> plan.Task:
        checker = TaskChecker(self.tasks[name], self.shapes[name], self.context, self.names.symbols)
        task = checker.check()
        if checker.doubtful:
            self.names.symbols[name] = self.names.symbols[name]._replace(type=UNKNOWN)
        elif checker.skips:
            self.names.symbols[name] = self.names.symbols[name]._replace(skips=checker.skips)
        return task

    def _returns(self) -> tuple[plan.Expr | None, Type]:
        returns = [inner for inner in self.item.items if isinstance(inner, tree.Return)]
        result = self.types.resolve(self.item.result) if self.item.result is not None else NOTHING
        if not returns:
            if self.item.result is not None:
                hint = "end it with `return ...`, or leave out the `->`"
                label = (Label(self.item.result.span, "promised here"),)
                message = f"the workflow `{self.item.name.text}` never returns its result"
                self.report.error("FLOW315", message, self.item.name.span, "", hint, label)
            return None, result
        if len(returns) > 1:
            first = (Label(returns[0].span, "the first is here"),)
            self.report.error(
                "FLOW202", "a workflow returns once", returns[1].span, "", "return a record of all", first
            )
        return self._return(returns[0], result)

    def _return(self, item: tree.Return, result: Type) -> tuple[plan.Expr | None, Type]:
        if item.value is None:
            self.report.error(
                "FLOW315", "`return` needs a value", item.span, "", "write what the workflow gives, or leave it out"
            )
            return None, result
        checker = expressions(self.report, self.names)
        if self.item.result is None:
            checked = checker.given(item.value)
            return checked.expr, checked.type
        return checker.expect(item.value, result, "the result", self.item.result.span).expr, result


def _lifted(shape: Shape) -> Type:
    return list_of(shape.result) if shape.loops and shape.result.kind != "nothing" else shape.result
