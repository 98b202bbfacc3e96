"""Checks one workflow: its parameters, the graph of its tasks, each task, and what it returns."""

from flow_lang import plan
from flow_lang.checks.expressions.constants import constant
from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.graph import Edge, order
from flow_lang.checks.handlers.of_tasks import on_failure
from flow_lang.checks.handlers.sections import Sections, blocks_of, ended
from flow_lang.checks.handlers.undo import cache_beside_undo, undo_task
from flow_lang.checks.items import misplaced, once, other_item
from flow_lang.checks.pools import read_pools
from flow_lang.checks.scope import Scope, Symbol
from flow_lang.checks.secrets import read_secret
from flow_lang.checks.settings.kinds import Settings
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.checker import TaskChecker
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.forms import as_task
from flow_lang.checks.tasks.known import KnownTasks
from flow_lang.checks.tasks.shape import lifted
from flow_lang.checks.types.declared import Types
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import NOTHING, SECRET, UNKNOWN, Type, present

_SORTED = tree.TaskItem | tree.CallItem | tree.WaitItem | tree.SecretItem | tree.PoolItem | tree.Setting | tree.Return


class WorkflowChecker:
    """`known` is what is known of its tasks from an earlier version. `file` is the path of its source in the plan ("" for the entry's).
    `symbols` are, after the check, the names of all its tasks."""

    def __init__(self, item: tree.WorkflowItem, context: Context, known: KnownTasks, file: str = "") -> None:
        self.item, self.report, self.known, self.file = item, context.report, known, file
        self.types: Types = context.types
        pools = [inner for inner in item.items if isinstance(inner, tree.PoolItem)]
        self.pools = read_pools(pools, context.settings, self.report)
        self.settings = context.settings.of_workflow(self.pools)
        self.context = context._replace(settings=self.settings)
        self.names = Scope(self.report, {}, skips_consumer=False)
        self.names.hint = context.hint
        self.tasks: dict[str, tree.TaskItem] = {}
        self.shapes: dict[str, Shape] = {}
        self.checkers: list[tuple[plan.Task, TaskChecker]] = []

    def check(self) -> plan.Workflow:
        item = self.item
        self.params = tuple(self._params())
        secrets = tuple(self._secrets())
        settings = self.settings.read([inner for inner in item.items if isinstance(inner, tree.Setting)], "a workflow")
        schedule = self._schedule(settings)
        self.settings.defaults = self._defaults()
        self._declare_tasks()
        sections = Sections(blocks_of(item, self.report), self.names, self.context)
        sections.declare()
        self._misplaced()
        tasks = self._check_tasks()
        tasks += self._of_tasks(tasks)
        tasks += sections.check()
        self.symbols = {**self.names.symbols, **sections.symbols}
        returns, result = self._returns()
        return plan.Workflow(
            item.name.text,
            self.params,
            tuple(tasks),
            result,
            returns,
            settings.timeout,
            item.doc,
            self.context.lines.position(item.name.span.start).line,
            file=self.file,
            secrets=secrets,
            pools=tuple(pool for pool, _ in self.pools.values() if pool is not None),
            schedule=schedule,
            concurrency=settings.concurrency,
            fail_fast=settings.fail_fast,
            priority=settings.priority,
            labels=settings.labels,
        )

    def _misplaced(self) -> None:
        for inner in self.item.items:
            if isinstance(inner, tree.Other):
                other_item(inner, "a workflow", self.report)
            elif isinstance(inner, tree.Section):
                if inner.word.text not in ("defaults", "finally"):
                    misplaced(inner, "a workflow", self.report)
            elif not isinstance(inner, _SORTED | tree.OnItem):
                misplaced(inner, "a workflow", self.report)

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

    def _secrets(self) -> list[plan.Secret]:
        found: list[plan.Secret] = []
        for item in self.item.items:
            if isinstance(item, tree.SecretItem):
                secret = read_secret(item, self.settings.fixed)
                added = self.names.add(Symbol(item.name.text, "secret", SECRET, item.name.span))
                if added and secret is not None:
                    found.append(secret)
        return found

    def _schedule(self, settings: Settings) -> plan.Schedule | None:
        if "schedule" not in settings.given:
            return None
        from flow_lang.checks.settings.schedules import Schedules  # brings a calendar, which few files need

        spans = {param.name.text: param.name.span for param in self.item.params}
        return Schedules(self.settings.fixed, self.params, spans).read(settings.given["schedule"])

    def _defaults(self) -> Settings:
        blocks = [
            inner for inner in self.item.items if isinstance(inner, tree.Section) and inner.word.text == "defaults"
        ]
        once([("defaults", block.word.span) for block in blocks], self.report)
        if not blocks:
            return Settings()
        settings: list[tree.Setting] = []
        limits: tree.Section | None = None
        for inner in blocks[0].items:
            if isinstance(inner, tree.Setting):
                settings.append(inner)
            elif isinstance(inner, tree.Section) and inner.word.text == "limits" and limits is None:
                limits = inner
            else:
                misplaced(inner, "`defaults`", self.report)
        found = self.settings.read(settings, "`defaults`", limits)
        if found.cache is not None and found.cache.keys is not None:
            hint = "write cache = true here, and keys in the tasks"
            where = found.given["cache"].value.span
            self.report.error("FLOW310", "the keys of a cache are names of one task", where, "", hint)
            return found._replace(cache=None)
        return found

    def _declare_tasks(self) -> None:
        for inner in self.item.items:
            if not isinstance(inner, tree.TaskItem | tree.CallItem | tree.WaitItem):
                continue
            item = as_task(inner, self.report)
            shape = self.known.shape(item, self.context)
            symbol = Symbol(item.name.text, "task", lifted(shape), item.name.span, loops=shape.loops)
            if self.names.add(symbol):
                self.tasks[item.name.text] = item
                self.shapes[item.name.text] = shape

    def _check_tasks(self) -> list[plan.Task]:
        names = list(self.tasks)
        edges = [
            Edge(name, used, span)
            for name, item in self.tasks.items()
            for used, span in self.known.mentions(item, self.context)
            if used in self.tasks
        ]
        declared = {name: item.name.span for name, item in self.tasks.items()}
        ordered, stuck = order(names, edges, declared, self.report)
        for name in stuck:
            self.names.symbols[name] = self.names.symbols[name]._replace(type=UNKNOWN)
        return [self._check_task(name) for name in ordered]

    def _check_task(self, name: str) -> plan.Task:
        checked = self.known.check(self.tasks[name], self.shapes[name], self.context, self.names.added)
        if checked.doubtful:
            self.names.symbols[name] = self.names.symbols[name]._replace(type=UNKNOWN)
        elif checked.skips:
            self.names.symbols[name] = self.names.symbols[name]._replace(skips=checked.skips)
        if checked.checker is not None:
            self.checkers.append((checked.task, checked.checker))
        return checked.task

    def _of_tasks(self, tasks: list[plan.Task]) -> list[plan.Task]:
        """What tasks do on failure, and their undos, once all tasks are known. Replaces those of `tasks` that have some."""
        places = {task.name: at for at, task in enumerate(tasks)}
        notices: list[plan.Task] = []
        undos: list[plan.Task] = []
        symbols = ended(self.names.symbols) if self.checkers else {}
        given = {name: symbol for name, symbol in symbols.items() if symbol.kind in ("param", "secret")}
        for task, checker in self.checkers:
            for handler in checker.sorted.handlers[:1]:
                task, made = on_failure(handler, task, symbols, self.context)
                notices += made
            undo = next((section for section in checker.sorted.sections if section.word.text == "undo"), None)
            if undo is not None:
                undos.append(undo_task(undo, task, checker, given, self.context))
                cache = cache_beside_undo(undo, task, checker, self.context)
                task = task._replace(undo=undos[-1].name, cache=cache)
            tasks[places[task.name]] = task
        return notices + undos

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
